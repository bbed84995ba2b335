/**
 * A trampoline scheduler for coroutines: generator functions that yield events, and a loop that
 * fulfils them.
 *
 * To see how `yield sleep(10)` works, read five files in this order, some 600 lines of code:
 *
 * 1. `events/sleep`: one event, that is, a handler and its argument
 * 2. `core/protocol`: what a coroutine may yield, and how an event is fulfilled and withdrawn
 * 3. `core/trampoline`: one step of one task, from the resume to the next yield
 * 4. `core/task`: the states of a task: ready, running, parked, being cancelled, ended
 * 5. `loop/loop`: rounds of steps, timers, and what happens when nothing is ready
 *
 * A folder imports only from folders below it: `stores`, `host`, `core`, `diagnostics`, `scope`,
 * `loop`, `event`, `events`, `testing`, from the lowest to the highest.
 *
 * @packageDocumentation
 */

export type { Coroutine, Event, TaskHandle, Yieldable, Yielded } from './core/protocol.js'
export type { Task } from './core/task.js'
export type { Outcome, TaskState } from './core/task-state.js'
export type { TaskSnapshot } from './diagnostics/snapshot.js'
export {
  AbandonedError,
  Cancelled,
  ClosedError,
  DeadlockError,
  KilledError,
  TimeoutError,
} from './errors.js'
export { aborted } from './events/aborted.js'
export { type AllOptions, all } from './events/all.js'
export { allSettled } from './events/all-settled.js'
export { call } from './events/call.js'
export { callback, type Register } from './events/callback.js'
export { Channel, type ChannelOptions } from './events/channel.js'
export { end } from './events/end.js'
export { type Group, type GroupOptions, group } from './events/group.js'
export { join } from './events/join.js'
export { type KillOptions, kill } from './events/kill.js'
export { Latch, type LatchOptions } from './events/latch.js'
export { pause, pause as null } from './events/pause.js'
export { race } from './events/race.js'
export { Semaphore, type SemaphoreOptions } from './events/semaphore.js'
export { shield } from './events/shield.js'
export { sleep } from './events/sleep.js'
export { type Spawn, spawn } from './events/spawn.js'
export { timeout } from './events/timeout.js'
export { wait } from './events/wait.js'
export type { AbortSignalLike, Budget, RunOptions, SchedulerOptions, SpawnOptions } from './loop/options.js'
export { now } from './loop/running.js'
export { run, Scheduler } from './loop/scheduler.js'
