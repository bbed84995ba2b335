/**
 * For authors of events, hosts and tools: what the events of this package are made of. Programs do not need it.
 *
 * @packageDocumentation
 */

export type { EventHandler, Supervisor, Waiter } from './core/protocol.js'
export { withdrawCall } from './core/yieldable.js'
export { addTrace } from './diagnostics/error-trace.js'
export { registerOwnFiles } from './diagnostics/own-files.js'
export type { Probe, WakeCause } from './diagnostics/probes.js'
export { event } from './event/event-object.js'
export { spawnUnder } from './events/spawn.js'
export { defaultHost, type Host, type StepContext } from './host/host.js'
export type { Schedule } from './host/schedule.js'
export { Stragglers } from './scope/stragglers.js'
export type { Timer, Timers } from './stores/timer-heap.js'
