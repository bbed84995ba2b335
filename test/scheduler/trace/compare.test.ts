import { type Coroutine, join, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import {
  everySchedule,
  type Schedule,
  type ScheduleError,
  seeded,
  VirtualHost,
} from '@bluelet/scheduler/testing'
import { compare, type Difference, record, type Trace } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { rejection } from '../../support/rejection.js'
import { exit, park, resume, spawn as spawned, TWO_TASKS, traceOf, type Written, yields } from './traces.js'

/** Runs a program under a schedule, and records it. @returns whether it failed, too */
async function recorded(
  program: () => Coroutine<void>,
  schedule: Schedule,
): Promise<{ trace: Trace; failed: boolean }> {
  const scheduler = new Scheduler({ host: new VirtualHost({ schedule }) })
  const recording = record(scheduler)
  const failed = await scheduler.run(program).then(
    () => false,
    () => true,
  )
  return { trace: recording.stop(), failed }
}

/** Makes given choices, then the usual ones, and remembers from how many ways it has chosen. */
class Choices implements Schedule {
  readonly taken: { readonly chosen: number; readonly of: number }[] = []
  readonly #given: readonly number[]

  constructor(given: readonly number[]) {
    this.#given = given
  }

  choose(of: number): number {
    const chosen = this.#given[this.taken.length] ?? 0
    this.taken.push({ chosen, of })
    return chosen
  }
}

/**
 * Where a failing schedule, such as `0.2.1`, leaves the run that stays with it for longest and does
 * not fail.
 */
async function lastWayOut(program: () => Coroutine<void>, schedule: string): Promise<Difference | null> {
  const choices = new Choices(schedule.split('.').map(Number))
  const { trace } = await recorded(program, choices)
  const before = choices.taken.map(({ chosen }) => chosen)
  for (const { chosen, of } of choices.taken.reverse()) {
    before.pop()
    for (let other = 0; other < of; other++) {
      if (other === chosen) continue
      const run = await recorded(program, new Choices([...before, other]))
      if (!run.failed) return compare(run.trace, trace)
    }
  }
  throw new Error('every schedule fails')
}

/** A trace of two tasks, in which one event is another one. */
function changed(n: number, event: Written): Trace {
  return {
    ...TWO_TASKS,
    events: TWO_TASKS.events.map((old) => (old.n === n ? { n, t: old.t, ...event } : old)) as Trace['events'],
  }
}

describe('compare', () => {
  it('finds no difference between two runs of one program', async () => {
    function* program(): Coroutine<void> {
      const task = yield* spawn(function* child() {
        yield* sleep(3)
        return 7
      })
      yield* join(task)
    }
    const [a, b] = [await recorded(program, seeded(1)), await recorded(program, seeded(1))]

    expect(compare(a.trace, b.trace)).toBe(null)
    expect(compare(traceOf([]), traceOf([]))).toBe(null)
  })

  it('does not count places, local variables, times, and values that one trace has not recorded', () => {
    const { header, events } = TWO_TASKS
    const other: Trace = {
      header,
      events: events.map(
        (event) => ({ ...event, t: event.t + 1, at: 'x', locals: { i: '1' }, value: undefined }) as never,
      ),
    }

    expect(compare(TWO_TASKS, other)).toBe(null)
    expect(compare(other, TWO_TASKS)).toBe(null)
  })

  it('points at the yield between the two halves of a change', async () => {
    function* program(): Coroutine<void> {
      let state = 'before'
      function* reader(): Coroutine<void> {
        for (let i = 0; i < 3; i++) yield* pause()
        if (state === 'half') throw new Error('it is changed in half')
      }
      yield* spawn(reader)
      state = 'half'
      yield* pause()
      state = 'after'
    }
    const { schedule } = (await rejection(everySchedule(program))) as ScheduleError

    const difference = await lastWayOut(program, schedule)

    expect(difference).toMatchObject({
      kind: 'task',
      a: { name: 'program#1', yielded: 'pause()' },
      b: { name: 'reader#2' },
    })
    expect(difference?.a?.at).toMatch(/^program \(.*compare\.test\.ts:\d+:\d+\)$/)
    expect(difference?.ready).toEqual(expect.arrayContaining([1, 2]))
  })

  it('points at the yield between the read and the write of a lost update', async () => {
    function* program(): Coroutine<void> {
      let balance = 0
      function* deposit(): Coroutine<void> {
        const seen = balance
        yield* pause()
        balance = seen + 1
      }
      const tasks = [yield* spawn(deposit), yield* spawn(deposit)]
      for (const task of tasks) yield* join(task)
      if (balance !== 2) throw new Error(`the balance is ${balance}`)
    }
    const { schedule } = (await rejection(everySchedule(program))) as ScheduleError

    const difference = await lastWayOut(program, schedule || '0')

    expect(difference).toMatchObject({ kind: 'task', a: { yielded: 'pause()' }, b: { yielded: null } })
    expect(difference?.a?.at).toMatch(/^deposit \(/)
  })

  it('says in a sentence what each trace does', () => {
    const other = changed(11, resume(1, 9))

    expect(compare(TWO_TASKS, other)?.text).toBe(
      'in step 4 the traces differ: in the first one child#2 continues after sleep(5); in the second one main#1 continues after join(child#2)',
    )
    expect(compare(TWO_TASKS, changed(1, resume(2, 0)))?.text).toBe(
      'in step 1 the traces differ: in the first one main#1 begins; in the second one child#2 begins',
    )
  })

  it('finds another answer', () => {
    const difference = compare(
      changed(11, resume(2, 10, { value: '1' })),
      changed(11, resume(2, 10, { value: '2' })),
    )

    expect(difference).toMatchObject({ kind: 'answer', step: 4, a: { n: 11, task: 2 } })
    expect(difference?.text).toMatch(/child#2 continues after sleep\(5\) with 1; .* with 2$/)
    const error = compare(TWO_TASKS, changed(11, resume(2, 10, { how: 'error', value: 'Error' })))
    expect(error?.text).toMatch(/ with the error Error$/)
    expect(compare(TWO_TASKS, changed(11, resume(2, 10, { how: 'return' })))?.text).toMatch(
      /, which is made to return$/,
    )
  })

  it('finds another event, another end, and one that is missing', () => {
    const yielded = compare(TWO_TASKS, changed(8, yields(1, 'pause()')))
    expect(yielded).toMatchObject({
      kind: 'event',
      step: 3,
      a: { n: 8, yielded: 'spawn(child)', at: 'main (a.ts:3:5)' },
    })
    expect(yielded?.text).toBe(
      'in step 3 the traces differ: in the first one main#1 continues after spawn(child) at main (a.ts:3:5), and yields join(child#2); in the second one main#1 continues after spawn(child) at main (a.ts:3:5), and yields pause()',
    )
    expect(compare(TWO_TASKS, changed(12, exit(2, 'threw')))?.text).toMatch(/and ends; .* and ends: threw$/)
    expect(compare(TWO_TASKS, changed(12, exit(2, 'returned', { value: '"other"' })))?.kind).toBe('event')
    expect(compare(TWO_TASKS, changed(3, spawned(2, 'other', 1, 1)))?.text).toMatch(/and spawns other#2$/)
    expect(compare(TWO_TASKS, changed(12, park(2)))?.text).toMatch(
      /and ends; .*child#2 continues after sleep\(5\)$/,
    )
  })

  it('compares calls, what callees give, and cancellations', () => {
    const call = (event: Written) => traceOf([spawned(1, 'a'), resume(1, 0), event])
    const cancel = (co: number) => call({ e: 'cancel', co, by: { kind: 'task', co: 1, step: 1 }, grace: 1 })

    expect(compare(call({ e: 'call', co: 1, name: 'f' }), call({ e: 'call', co: 1 }))?.text).toMatch(
      /and calls f; .* and calls a coroutine$/,
    )
    const back = (value: string): Written => ({ e: 'return', co: 1, how: 'value', value })
    expect(compare(call(back('1')), call(back('2')))?.kind).toBe('event')
    expect(compare(call(back('1')), call(back('1')))).toBe(null)
    expect(compare(cancel(2), cancel(3))?.text).toMatch(/cancels the task with the id 2; /)
  })

  it('finds that one of the traces is over', () => {
    const shorter: Trace = { ...TWO_TASKS, events: TWO_TASKS.events.slice(0, 13) }

    expect(compare(shorter, TWO_TASKS)).toMatchObject({
      kind: 'end',
      step: 5,
      a: null,
      b: { task: 1, n: 14 },
    })
    expect(compare(TWO_TASKS, shorter)).toMatchObject({ kind: 'end', b: null, ready: [1] })
    expect(compare(shorter, TWO_TASKS)?.text).toMatch(/in the first one nothing follows; /)
  })

  it('refuses traces that begin with different events', () => {
    expect(() => compare(TWO_TASKS, traceOf([resume(1, null)], { dropped: 5 }))).toThrow(
      'compare(a, b): expected traces that begin with the same event, got 0 and 5: older events were dropped, since a recording has a limit',
    )
    expect(() => compare(TWO_TASKS, null as never)).toThrow(TypeError)
  })
})
