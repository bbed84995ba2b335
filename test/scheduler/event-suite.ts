// What every event must satisfy. The test of an event says how to make one and what value it gives.

import {
  all,
  type Coroutine,
  type Event,
  join,
  kill,
  pause,
  race,
  Scheduler,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../support/internals.js'
import { UNPRINTABLE } from './unprintable.js'
import { rejection, world } from './world.js'

/** How to make events of one kind. The coroutines prepare, within the run, what the event needs. */
export interface EventSample {
  /** Prepares an event that is fulfilled eventually and can be performed twice. */
  readonly fulfilled: () => Coroutine<Event>
  /** The value of that event. */
  readonly value: unknown
  /** The same event without preparation, outside of any run. */
  readonly awaited: () => Event
  /** Prepares an event that waits until it is withdrawn; absent for an event that never waits. */
  readonly waiting?: () => Coroutine<Event>
  /** Prepares an event that throws the given error. */
  readonly failing?: (error: unknown) => Coroutine<Event>
  /** Whether that error may be a value that cannot be printed; true by default. */
  readonly unprintable?: boolean
  /** Whether the event can be a branch of `race`, `all` and `timeout`; true by default. */
  readonly combines?: boolean
}

const LONG_MS = 1e9

/** Ends a run together with the tasks that a sample has left in it. */
class Done extends Error {}

function* byYield(event: Event): Coroutine {
  return yield event
}

function* byDelegation(event: Event): Coroutine {
  return yield* event
}

const waysToYield = [
  ['yield', byYield],
  ['yield*', byDelegation],
] as const

const combinations = [
  ['race', (event: Event) => race([event])],
  ['all', (event: Event) => all([event])],
  ['timeout', (event: Event) => timeout(LONG_MS, event)],
] as const

const waysToWait = [
  ...waysToYield,
  ...combinations.map(([name, combine]) => [name, (event: Event) => byYield(combine(event))] as const),
] as const

export function eventSuite(name: string, sample: EventSample): void {
  describe(`${name}, as every event,`, () => {
    describeYielding(sample)
    describeAwaiting(sample)
    if (sample.combines ?? true) describeCombining(sample)
    if (sample.waiting) describeWithdrawing(sample.waiting)
    if (sample.failing) describeFailing(sample.failing, sample.unprintable ?? true)
  })
}

function describeYielding({ fulfilled, value }: EventSample): void {
  for (const [way, perform] of waysToYield) {
    it(`gives its value by ${way}`, async () => {
      const given = await inRun(function* () {
        return yield perform(yield* fulfilled())
      })

      expect(given).toEqual(value)
    })

    it(`is performed again by a second ${way} of the same object`, async () => {
      const given = await inRun(function* () {
        const event = yield* fulfilled()
        const first: unknown = yield perform(event)
        const second: unknown = yield perform(event)
        return [first, second]
      })

      expect(given).toEqual([value, value])
    })
  }

  it('gives its value to a task of another scheduler', async () => {
    const given = await inRun(function* ({ scheduler: { host } }) {
      const event = yield* fulfilled()
      const other = new Scheduler({ host, sites: false })
      const value: unknown = yield other.run(() => byYield(event))
      expect(leftIn(other)).toEqual({ tasks: [], timers: 0 })
      return value
    })

    expect(given).toEqual(value)
  })

  it('gives its value to each of two tasks that yield* one object', async () => {
    const given = await inRun(function* () {
      const event = yield* fulfilled()
      const first = yield* spawn(byDelegation, event)
      const second = yield* spawn(byDelegation, event)
      return [yield* join(first), yield* join(second)]
    })

    expect(given).toEqual([value, value])
  })
}

function describeAwaiting({ awaited, value }: EventSample): void {
  it('gives its value by await', async () => {
    const given = await awaited()

    expect(given).toEqual(value)
  })

  it('is performed once, even if one object is awaited several times', async () => {
    const event = awaited()

    const [first, second] = await Promise.all([event.then((v) => v), event.then((v) => v)])
    const third = await event

    expect(second).toBe(first)
    expect(third).toBe(first)
  })
}

function describeCombining({ fulfilled, value }: EventSample): void {
  it('gives its value in race', async () => {
    const given = await inRun(function* () {
      return yield race([yield* fulfilled()])
    })

    expect(given).toEqual(value)
  })

  it('gives its value in all', async () => {
    const given = await inRun(function* () {
      return yield all([yield* fulfilled(), yield* fulfilled()])
    })

    expect(given).toEqual([value, value])
  })

  it('gives its value in timeout', async () => {
    const given = await inRun(function* () {
      return yield timeout(LONG_MS, yield* fulfilled())
    })

    expect(given).toEqual(value)
  })

  for (const [combination, combine] of combinations) {
    it(`leaves no timer after it is done in ${combination}`, async () => {
      const timers = await inRun(function* ({ scheduler }) {
        const event = yield* fulfilled()
        const before = internals(scheduler).timers.size
        yield combine(event)
        return internals(scheduler).timers.size - before
      })

      expect(timers).toBeLessThanOrEqual(0)
    })
  }
}

function describeWithdrawing(waiting: () => Coroutine<Event>): void {
  for (const [way, perform] of waysToWait) {
    it(`leaves nothing behind when its task is killed while it waits by ${way}`, async () => {
      const [before, after] = await inAbandonedRun(function* (scheduler) {
        const event = yield* waiting()
        yield pause()
        const before = leftIn(scheduler)
        const task = yield* spawn(perform, event)
        yield pause()
        yield pause()
        yield kill(task)
        return [before, leftIn(scheduler)] as const
      })

      expect(after).toEqual(before)
    })
  }

  it('leaves nothing behind when another branch of a race wins', async () => {
    const [before, after] = await inAbandonedRun(function* (scheduler) {
      const event = yield* waiting()
      yield pause()
      const before = leftIn(scheduler)
      yield race([event, pause()])
      return [before, leftIn(scheduler)] as const
    })

    expect(after).toEqual(before)
  })

  it('can be yielded again after it was withdrawn', async () => {
    const first = await inAbandonedRun(function* () {
      const event = yield* waiting()
      yield race([event, pause()])
      return yield race([event, byYield(pause())])
    })

    expect(first).toBe(undefined)
  })

  it('leaves nothing behind when its timeout expires', async () => {
    const [before, after] = await inAbandonedRun(function* (scheduler) {
      const event = yield* waiting()
      yield pause()
      const before = leftIn(scheduler)
      try {
        yield timeout(10, event)
      } catch {}
      return [before, leftIn(scheduler)] as const
    })

    expect(after).toEqual(before)
  })
}

function describeFailing(failing: (error: unknown) => Coroutine<Event>, unprintable: boolean): void {
  for (const [way, perform] of waysToWait) {
    it.each(unprintable ? UNPRINTABLE : [])(
      `throws %s, the same value, at the yield by ${way}`,
      async (_name, make) => {
        const thrown = make()

        const same = await inRun(function* () {
          const event = yield* failing(thrown)
          try {
            yield perform(event)
          } catch (caught) {
            return Object.is(caught, thrown) // `toBe` would print it.
          }
          return 'nothing was thrown'
        })

        expect(same).toBe(true)
      },
    )

    it(`throws its error, the same object, at the yield by ${way}`, async () => {
      const error = new Error('failing')

      const caught = await inRun(function* () {
        const event = yield* failing(error)
        try {
          yield perform(event)
        } catch (caught) {
          return caught
        }
        return 'nothing was thrown'
      })

      expect(caught).toBe(error)
    })
  }

  it('lets the coroutine that catches its error continue', async () => {
    const given = await inRun(function* () {
      const event = yield* failing(new Error('failing'))
      try {
        yield* event
      } catch {}
      yield* pause()
      return 'went on'
    })

    expect(given).toBe('went on')
  })
}

interface Left {
  readonly tasks: readonly number[]
  readonly timers: number
}

function leftIn(scheduler: Scheduler): Left {
  return { tasks: scheduler.snapshot().map(({ id }) => id), timers: internals(scheduler).timers.size }
}

function inRun<T>(main: (world: { readonly scheduler: Scheduler }) => Coroutine<T>): Promise<T> {
  const { scheduler } = world()
  return scheduler.run(() => main({ scheduler }))
}

/**
 * Returns the value of `main` and cancels the remaining tasks: a hold that was not released would
 * keep the run open.
 */
async function inAbandonedRun<T>(main: (scheduler: Scheduler) => Coroutine<T>): Promise<T> {
  const { scheduler } = world()
  let value: T | undefined
  const error = await rejection(
    scheduler.run(function* () {
      value = yield* main(scheduler)
      throw new Done()
    }),
  )
  if (!(error instanceof Done)) throw error
  return value as T // main() has returned.
}
