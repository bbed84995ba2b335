import type { Waiter } from '@bluelet/scheduler/lowlevel'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Place, WaitQueue } from '../../../packages/scheduler/src/stores/wait-queue.js'
import { collectGarbage } from '../../support/garbage.js'

/** A waiter of which the queue needs no method. */
function waiter(): Waiter<void> {
  return {} as Waiter<void>
}

type Numbers = WaitQueue<Waiter<void>, number>

function withValues(...values: readonly number[]): {
  waiters: Numbers
  places: Place<Waiter<void>, number>[]
} {
  const waiters: Numbers = new WaitQueue<Waiter<void>, number>()
  return { waiters, places: values.map((value) => waiters.join(waiter(), value)) }
}

function takeAll(waiters: Numbers): number[] {
  const taken: number[] = []
  for (let place = waiters.take(); place !== undefined; place = waiters.take()) taken.push(place.value)
  return taken
}

describe('WaitQueue', () => {
  it('are taken in the order in which they entered', () => {
    const { waiters } = withValues(1, 2, 3)

    expect(takeAll(waiters)).toEqual([1, 2, 3])
  })

  it('are skipped after they have left', () => {
    const { waiters, places } = withValues(1, 2, 3)

    waiters.leave(places[1]!)

    expect([waiters.size, takeAll(waiters)]).toEqual([2, [1, 3]])
  })

  it('are not counted down when one leaves twice, or after it was taken', () => {
    const { waiters, places } = withValues(1, 2, 3)
    waiters.take()
    waiters.leave(places[1]!)

    waiters.leave(places[0]!)
    waiters.leave(places[1]!)

    expect([waiters.size, takeAll(waiters)]).toEqual([1, [3]])
  })

  it('are empty at first', () => {
    const waiters = new WaitQueue<Waiter<void>, number>()

    expect([waiters.size, waiters.take()]).toEqual([0, undefined])
  })

  const waysOut: readonly (readonly [
    string,
    (waiters: Numbers, place: Place<Waiter<void>, number>) => void,
  ])[] = [
    ['taken', (waiters) => void waiters.take()],
    ['left', (waiters, place) => waiters.leave(place)],
  ]
  it.each(waysOut)('hold no reference to a waiter that was %s', async (_name, goOut) => {
    const waiters: Numbers = new WaitQueue<Waiter<void>, number>()
    const gone = (() => {
      const someone = waiter()
      goOut(waiters, waiters.join(someone, 1))
      return new WeakRef(someone)
    })()

    await collectGarbage()

    expect(gone.deref()).toBe(undefined)
    expect(waiters.size).toBe(0)
  })

  it('are taken in time linear in their number, not quadratic', {
    timeout: 5000,
    tags: 'large',
  }, () => {
    const waiters: WaitQueue<Waiter<void>, number> = new WaitQueue<Waiter<void>, number>()
    for (let i = 0; i < 300_000; i++) waiters.join(waiter(), i)

    const taken = takeAll(waiters)

    // Takes some 0.1 s; visiting the waiters before each one would take far longer than the limit.
    expect(taken).toHaveLength(300_000)
  })

  it('behave like a list', () => {
    type Op =
      | { kind: 'join'; count: number }
      | { kind: 'take'; count: number }
      | { kind: 'leave'; which: number[] }
    const operation = fc.oneof<fc.Arbitrary<Op>[]>(
      fc.record({ kind: fc.constant('join' as const), count: fc.nat(80) }),
      fc.record({ kind: fc.constant('take' as const), count: fc.nat(80) }),
      fc.record({ kind: fc.constant('leave' as const), which: fc.array(fc.nat(1000), { maxLength: 80 }) }),
    )

    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const { waiters, places } = withValues()
        let model: number[] = []
        for (const op of operations) {
          if (op.kind === 'join') {
            for (let i = 0; i < op.count; i++) {
              model.push(places.length)
              places.push(waiters.join(waiter(), places.length))
            }
          } else if (op.kind === 'take') {
            for (let i = 0; i < op.count; i++) expect(waiters.take()?.value).toBe(model.shift())
          } else {
            for (const which of places.length === 0 ? [] : op.which) {
              const n = which % places.length
              waiters.leave(places[n]!)
              model = model.filter((value) => value !== n)
            }
          }
          expect(waiters.size).toBe(model.length)
        }
      }),
      { numRuns: 200 },
    )
  })
})
