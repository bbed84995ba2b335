import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Timer, TimerHeap } from '../../../packages/scheduler/src/stores/timer-heap.js'

/** TimerHeap that record the number of each one that expires. */
class Recorded {
  readonly timers: TimerHeap = new TimerHeap()
  readonly expired: number[] = []
  readonly handles: Timer[] = []

  add(deadline: number): void {
    const n = this.handles.length
    this.handles.push(this.timers.add(deadline, (n: number) => void this.expired.push(n), n))
  }
}

describe('TimerHeap', () => {
  it('expires timers that are due, by deadline', () => {
    const { timers, expired } = withDeadlines(30, 10, 20)

    timers.expire(20)

    expect(expired).toEqual([1, 2])
  })

  it('expires timers of the same deadline in the order in which they were set', () => {
    const deadlines = Array.from({ length: 100 }, (_, i) => (i % 2) * 5)
    const { timers, expired } = withDeadlines(...deadlines)

    timers.expire(5)

    const evenThenOdd = [...deadlines.keys()].sort((a, b) => (a % 2) - (b % 2))
    expect(expired).toEqual(evenThenOdd)
  })

  it('expires no timer before its deadline', () => {
    const { timers, expired } = withDeadlines(10)

    timers.expire(9.999999)

    expect(expired).toEqual([])
  })

  it('expires each timer once', () => {
    const { timers, expired } = withDeadlines(10)

    timers.expire(10)
    timers.expire(10)

    expect(expired).toEqual([0])
  })

  it('returns the earliest deadline, and Infinity when there is no timer', () => {
    const { timers, handles } = withDeadlines(30, 10, 20)

    const with3 = timers.earliest
    timers.remove(handles[1]!)
    const with2 = timers.earliest
    timers.clear()

    expect([with3, with2, timers.earliest]).toEqual([10, 20, Number.POSITIVE_INFINITY])
  })

  it('skips removed timers, even between others of the same deadline', () => {
    const timers = new TimerHeap()
    const expired: string[] = []
    const second: Timer[] = []
    timers.add(
      10,
      () => {
        expired.push('first')
        timers.remove(second[0]!)
      },
      undefined,
    )
    second.push(timers.add(10, () => void expired.push('second'), undefined))

    timers.expire(10)

    expect(expired).toEqual(['first'])
    expect(timers.size).toBe(0)
  })

  it('ignores the removal of a timer that was removed or has expired', () => {
    const { timers, handles } = withDeadlines(10, 20, 30)
    timers.expire(10)

    timers.remove(handles[0]!)
    timers.remove(handles[1]!)
    timers.remove(handles[1]!)

    expect([timers.size, timers.earliest]).toEqual([1, 30])
  })

  it('ignores the removal of a timer that was cleared', () => {
    const { timers, handles } = withDeadlines(10)
    timers.clear()
    timers.add(20, () => {}, undefined)

    timers.remove(handles[0]!)

    expect([timers.size, timers.earliest]).toEqual([1, 20])
  })

  it('leaves a timer that is set meanwhile for the next expiry', () => {
    const timers = new TimerHeap()
    const expired: string[] = []
    timers.add(10, () => void timers.add(10, () => void expired.push('meanwhile'), undefined), undefined)

    timers.expire(10)
    const first = [...expired]
    timers.expire(10)

    expect([first, expired]).toEqual([[], ['meanwhile']])
  })

  it('expires all timers that are due although one that is set meanwhile is due earlier', () => {
    const timers = new TimerHeap()
    const expired: string[] = []
    timers.add(1, () => void timers.add(0, () => void expired.push('meanwhile'), undefined), undefined)
    timers.add(2, () => void expired.push('second'), undefined)

    timers.expire(10)

    expect(expired).toEqual(['second'])
  })

  it('stays ordered when an earlier timer takes the place of a removed one', () => {
    // As a heap: 0 above 10 and 1, and below these 11, 12, 4 and 3. The last one, 3, replaces 11
    // under 10.
    const { timers, handles, expired } = withDeadlines(0, 10, 1, 11, 12, 4, 3)
    timers.remove(handles[3]!)

    const order: number[] = []
    while (timers.size > 0) {
      order.push(timers.earliest)
      timers.expire(timers.earliest)
    }

    expect(order).toEqual([0, 1, 3, 4, 10, 12])
    expect(expired).toEqual([0, 2, 6, 5, 1, 4])
  })

  it('names the timer that is expiring during its call', () => {
    const timers = new TimerHeap()
    const seen: (Timer | null)[] = []
    const timer = timers.add(10, () => void seen.push(timers.expiring), undefined)

    timers.expire(10)

    expect(seen).toEqual([timer])
    expect(timers.expiring).toBe(null)
  })

  it('is unaffected by a timer whose function throws', () => {
    const { timers, expired } = withDeadlines(5)
    timers.add(
      4,
      () => {
        throw new Error('thrown by a timer')
      },
      undefined,
    )

    expect(() => timers.expire(10)).toThrow('thrown by a timer')
    const expiring = timers.expiring
    timers.expire(10)

    expect(expiring).toBe(null)
    expect(expired).toEqual([0])
  })

  it('gives the subject of the earliest timer, which then does not expire', () => {
    const { timers, expired } = withDeadlines(30, 10, 10)

    const subjects = [timers.shift(), timers.shift()]
    timers.expire(30)

    expect(subjects).toEqual([1, 2])
    expect(expired).toEqual([0])
  })

  it('gives nothing if there is no timer', () => {
    expect(new TimerHeap().shift()).toBe(undefined)
  })

  it('behaves like a sorted list', () => {
    type Op =
      | { kind: 'add'; deadline: number }
      | { kind: 'remove'; which: number }
      | { kind: 'expire'; count: number }
    const deadline = fc.nat(60)
    const operation = fc.oneof<fc.Arbitrary<Op>[]>(
      // Mostly additions, so that the heap grows.
      ...Array.from({ length: 5 }, () => fc.record({ kind: fc.constant('add' as const), deadline })),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(100) }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(100) }),
      // Up to the deadline of the first few timers, so that their order shows.
      fc.record({ kind: fc.constant('expire' as const), count: fc.nat(3) }),
    )

    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const recorded = new Recorded()
        const { timers } = recorded
        const model: { n: number; deadline: number }[] = []
        const expected: number[] = []
        for (const op of operations) {
          if (op.kind === 'add') {
            model.push({ n: recorded.handles.length, deadline: op.deadline })
            recorded.add(op.deadline)
          } else if (op.kind === 'remove') {
            if (recorded.handles.length === 0) continue
            const n = op.which % recorded.handles.length
            timers.remove(recorded.handles[n]!)
            const at = model.findIndex((timer) => timer.n === n)
            if (at !== -1) model.splice(at, 1)
          } else {
            model.sort((a, b) => a.deadline - b.deadline || a.n - b.n)
            const now = model[op.count]?.deadline ?? 0
            const due = model.filter((timer) => timer.deadline <= now)
            for (const timer of due) model.splice(model.indexOf(timer), 1)
            expected.push(...due.map(({ n }) => n))
            timers.expire(now)
          }

          expect(recorded.expired).toEqual(expected)
          expect(timers.size).toBe(model.length)
          expect(timers.earliest).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.map((t) => t.deadline)))
        }
      }),
      { numRuns: 300 },
    )
  })
})

function withDeadlines(...deadlines: readonly number[]): Recorded {
  const recorded = new Recorded()
  for (const deadline of deadlines) recorded.add(deadline)
  return recorded
}
