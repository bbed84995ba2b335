/**
 * A trampoline scheduler for coroutines: generator functions that yield events, and a loop that fulfils them.
 *
 * @packageDocumentation
 */

export {
  Cancelled,
  ClosedError,
  DeadlockError,
  DroppedError,
  KilledError,
  TimeoutError,
} from './errors.js'
export { event } from './event.js'
export { all } from './events/all.js'
export { call } from './events/call.js'
export { callback, type Register } from './events/callback.js'
export { Channel, type ChannelOptions } from './events/channel.js'
export { end } from './events/end.js'
export { type Group, group } from './events/group.js'
export { join } from './events/join.js'
export { type KillOptions, kill } from './events/kill.js'
export { Latch } from './events/latch.js'
export { pause, pause as null } from './events/pause.js'
export { race } from './events/race.js'
export { Semaphore } from './events/semaphore.js'
export { sleep } from './events/sleep.js'
export { type Spawn, spawn, spawnUnder } from './events/spawn.js'
export { timeout } from './events/timeout.js'
export { wait } from './events/wait.js'
export { defaultHost, type Host, type StepContext } from './host.js'
export type { RunOptions, SchedulerOptions, SpawnOptions } from './options.js'
export type { Probe, WakeCause } from './probe.js'
export type { Coroutine, Event, EventHandler, Supervisor, Waiter, Yieldable, Yielded } from './protocol.js'
export type { AbortSignalLike } from './run.js'
export type { Schedule } from './schedule.js'
export { run, Scheduler } from './scheduler.js'
export type { TaskSnapshot } from './snapshot.js'
export { Stragglers } from './stragglers.js'
export type { Task } from './task.js'
export type { Outcome, TaskState } from './task-state.js'
export type { Timer, Timers } from './timers.js'
export { addTrace } from './trace.js'
export { withdrawCall } from './yieldable.js'
