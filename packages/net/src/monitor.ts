/**
 * Looks into a running process of Node: its tasks, what they wait for and what woke them, over a
 * Unix socket.
 *
 * @packageDocumentation
 */

export { type Monitor, type MonitorOptions, monitor } from './monitor/monitor.js'
