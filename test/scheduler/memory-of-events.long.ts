// Promise 13: what one event leaves behind when it is over, whatever way it ends. Nothing.
import {
  aborted,
  all,
  allSettled,
  Channel,
  type Coroutine,
  type Event,
  group,
  Latch,
  pause,
  race,
  Semaphore,
  shield,
  sleep,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { usedHeap } from './coroutines.js'
import { failure, world } from './world.js'

const EVENTS = 20_000
/** Less than any object that an event makes. */
const MAX_BYTES_PER_EVENT = 16

const promise = new Promise(() => {})
const error = failure()
const rejected = Promise.reject(error)
rejected.catch(() => {})
const { signal } = new AbortController()
const latch = new Latch({ external: true })
const channel = new Channel<number>({ external: true })
const full = new Channel<number>({ capacity: 0, external: true })
const taken = new Semaphore(1, { external: true })

function* failing(): Coroutine<never> {
  yield* pause()
  throw error
}

function* performing(event: Event): Coroutine<unknown> {
  return yield event
}

const events: Readonly<Record<string, () => Event>> = {
  'a missed deadline': () => timeout(0, sleep(1e9)),
  'a missed deadline of a coroutine': () => timeout(0, performing(sleep(1e9))),
  'a race on a promise that lives on': () => race([wait(promise), pause()]),
  'a race on a signal that lives on': () => race([aborted(signal), pause()]),
  'a race on a latch that lives on': () => race([latch.wait(), pause()]),
  'a race on a channel that lives on': () => race([channel.receive(), full.send(1), pause()]),
  'a race on a semaphore that lives on': () => race([taken.acquire(), pause()]),
  'one error, again and again': () => wait(rejected),
  'one error, in a task': () => group(failing),
  'one error, in a branch': () => all([failing(), sleep(1e9)]),
  'one error among results': () => allSettled([wait(rejected), pause()]),
  'a shield in a missed deadline': () => timeout(0, shield(performing, pause())),
}

describe('an event that is over', () => {
  it.each(Object.entries(events))('leaves nothing behind: %s', async (_name, make) => {
    const { scheduler } = world()
    if (taken.permits > 0) await scheduler.run(() => performing(taken.acquire()))
    function* perform(): Coroutine<void> {
      for (let n = 0; n < EVENTS; n++) {
        try {
          yield make()
        } catch {}
      }
    }

    const bytes = await scheduler.run(function* () {
      yield perform()
      const before = yield* usedHeap()
      yield perform()
      return (yield* usedHeap()) - before
    })

    expect(bytes / EVENTS).toBeLessThan(MAX_BYTES_PER_EVENT)
  })
})
