// Coroutines that the tests of `kill` run and kill.
import { type Coroutine, pause, sleep } from '@bluelet/scheduler'
import { FOREVER_MS } from '../../coroutines.js'

/** Sleeps until it is killed, then cleans up for some time. */
export function* cleaner(ms: number, done: () => void = () => {}): Coroutine<void> {
  try {
    yield sleep(FOREVER_MS)
  } finally {
    yield sleep(ms)
    done()
  }
}

/** Sleeps until it is killed, then fails in its clean-up. */
export function* failingCleaner(error: unknown): Coroutine<void> {
  try {
    yield sleep(FOREVER_MS)
  } finally {
    yield pause()
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
    throw error
  }
}
