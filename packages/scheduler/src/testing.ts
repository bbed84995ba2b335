/**
 * For tests: a host in which time is virtual.
 *
 * @packageDocumentation
 */

export { VirtualHost, type VirtualHostOptions } from './virtual-host.js'
