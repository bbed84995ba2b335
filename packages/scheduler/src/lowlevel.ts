/**
 * For authors of events, hosts, supervisors and tools: what the events of this package are made of.
 * Programs do not need it.
 *
 * @packageDocumentation
 */

export { type CoroutineInfo, ofLibrary, registerCoroutine } from './core/coroutine.js'
export { LATER } from './core/later.js'
export type { Probe, ResumeCause, WakeCause } from './core/probe.js'
export type {
  EventHandler,
  InnerWaits,
  Runtime,
  Supervisor,
  TaskHandle,
  TurnEndListener,
  Waiter,
} from './core/protocol.js'
export { endWith, type Resource } from './core/resources.js'
export { hastenCall, withdrawCall } from './core/yieldable.js'
export { addTrace } from './diagnostics/error-trace.js'
export { registerOwnFiles } from './diagnostics/own-files.js'
export { event } from './event/event-object.js'
export { abortedWithin } from './events/aborted.js'
export { spawnUnder } from './events/spawn.js'
export { defaultHost } from './host/default-host.js'
export type { Host, HostedScheduler, HostedTask, StepContext } from './host/host.js'
export type { Schedule } from './host/schedule.js'
export { type Awaited, awaitedBy, coroutinesOf, inspectTask, targetsOf, tasksOf } from './loop/inspect.js'
export { onAbort } from './loop/on-abort.js'
export { runningScheduler } from './loop/running.js'
export { onRun, runtimeOf } from './loop/scheduler.js'
export { dispose } from './scope/disposal.js'
export { type ScopeOwner, TaskScope } from './scope/task-scope.js'
export { everyWait } from './scope/waits.js'
export type { Timer, Timers } from './stores/timer-heap.js'
