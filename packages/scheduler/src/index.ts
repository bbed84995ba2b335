/**
 * A trampoline scheduler for coroutines: generator functions that yield events, and a loop that fulfils them.
 *
 * @packageDocumentation
 */

export type {
  Coroutine,
  Event,
  EventHandler,
  Supervisor,
  Waiter,
  Yieldable,
  Yielded,
} from './core/protocol.js'
export type { Task } from './core/task.js'
export type { Outcome, TaskState } from './core/task-state.js'
export type { TaskSnapshot } from './diagnostics/snapshot.js'
export {
  Cancelled,
  ClosedError,
  DeadlockError,
  DroppedError,
  KilledError,
  TimeoutError,
} from './errors.js'
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
export { type Spawn, spawn } from './events/spawn.js'
export { timeout } from './events/timeout.js'
export { wait } from './events/wait.js'
export type { RunOptions, SchedulerOptions, SpawnOptions } from './loop/options.js'
export type { AbortSignalLike } from './loop/run.js'
export { run, Scheduler } from './loop/scheduler.js'
