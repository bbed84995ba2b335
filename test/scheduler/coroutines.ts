// Coroutines that many tests run.
import { type Coroutine, join, Latch, pause, sleep, type Task } from '@bluelet/scheduler'

/** Longer than any test goes on, in virtual time. */
export const FOREVER_MS = 1e12

/** Gives a value after some time. */
export function* after<T>(ms: number, value: T): Coroutine<T> {
  yield sleep(ms)
  return value
}

/** Throws an error after some time. */
export function* failAfter(ms: number, error: unknown): Coroutine<never> {
  yield sleep(ms)
  throw error
}

/** Pauses once. */
export function* pausing(): Coroutine<void> {
  yield* pause()
}

/** Sleeps until it is killed. */
export function* sleeper(): Coroutine<void> {
  yield sleep(FOREVER_MS)
}

/** Yields an event, or what else may be yielded, and returns its value. */
export function* waitFor(event: unknown): Coroutine {
  return yield event as never // A value of any type can be tried.
}

/** Joins a task and returns its value. */
export function* joining<T>(task: Task<T>): Coroutine<T> {
  return yield* join(task)
}

/** Waits for a latch that is never opened. */
export function* idle(): Coroutine<void> {
  yield new Latch().wait()
}

/** Collects garbage and returns the size of the heap. */
export function* usedHeap(): Coroutine<number> {
  for (let i = 0; i < 4; i++) {
    yield new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}
