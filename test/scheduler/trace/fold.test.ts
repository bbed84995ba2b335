import { type Picture, stateAt, type Trace } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import {
  exit,
  expire,
  park,
  resume,
  spawn,
  TWO_TASKS,
  traceOf,
  type Written,
  wake,
  yields,
} from './traces.js'

/** The states of the tasks, as `name#id state event`. */
function states({ tasks }: Picture): string[] {
  return tasks.map(
    ({ id, name, state, waitsFor }) => `${name}#${id} ${state}${waitsFor === null ? '' : ` ${waitsFor}`}`,
  )
}

/** Two tasks that pause in turn, as long as it takes. */
function turns(steps: number): Trace {
  const events: Written[] = [spawn(1, 'a'), spawn(2, 'b')]
  for (let i = 0; i < steps; i++) {
    const co = (i % 2) + 1
    events.push(resume(co, i < 2 ? i : 2 * i - 1), yields(co, 'pause()'))
  }
  return traceOf(events)
}

describe('stateAt', () => {
  it('follows each task from its spawn to its end', () => {
    const seen = TWO_TASKS.events.map(({ n }) => states(stateAt(TWO_TASKS, n)).join(', '))

    expect(seen).toEqual([
      'main#1 new',
      'main#1 running',
      'main#1 ready',
      'main#1 ready, child#2 new',
      'main#1 ready, child#2 running',
      'main#1 ready, child#2 entering sleep(5)',
      'main#1 ready, child#2 parked sleep(5)',
      'main#1 running, child#2 parked sleep(5)',
      'main#1 entering join(child#2), child#2 parked sleep(5)',
      'main#1 parked join(child#2), child#2 parked sleep(5)',
      'main#1 parked join(child#2), child#2 ready',
      'main#1 parked join(child#2), child#2 running',
      'main#1 parked join(child#2)',
      'main#1 ready',
      'main#1 running',
      '',
    ])
  })

  it('shows the task in full', () => {
    const [main, child] = stateAt(TWO_TASKS, 9).tasks

    expect(main).toEqual({
      id: 1,
      name: 'main',
      state: 'parked',
      since: 0,
      by: 9,
      waitsFor: 'join(child#2)',
      op: 'join',
      on: { tasks: [2] },
      parent: null,
      frames: [{ name: 'main' }],
      library: false,
    })
    expect(child).toMatchObject({ parent: 1, state: 'parked', since: 0, by: 6 })
  })

  it('names the running task, the latest step and the time', () => {
    expect(stateAt(TWO_TASKS, -1)).toMatchObject({ n: -1, t: 0, step: null, running: null, tasks: [] })
    expect(stateAt(TWO_TASKS, 8)).toMatchObject({ n: 8, t: 0, step: 7, running: 1 })
    expect(stateAt(TWO_TASKS, 9)).toMatchObject({ step: 7, running: null })
    expect(stateAt(TWO_TASKS, 11)).toMatchObject({ t: 5, step: 11, running: 2 })
  })

  it('keeps the tasks that have ended, in that order', () => {
    const { ended } = stateAt(TWO_TASKS, 15)

    expect(ended).toMatchObject([
      { id: 2, state: 'ended', outcome: 'returned', result: '"done"', since: 5 },
      { id: 1, state: 'ended', outcome: 'returned' },
    ])
    expect(stateAt(TWO_TASKS, 12).ended).toHaveLength(1)
  })

  it('lists the ready tasks in the order of their next steps, the rest as they became ready', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      spawn(2, 'b'),
      spawn(3, 'c'),
      spawn(4, 'd'), // 3
      resume(3, 2),
      exit(3),
      resume(1, 0),
      exit(1),
    ])

    expect(stateAt(trace, 3).ready).toEqual([3, 1, 2, 4])
    expect(stateAt(trace, 4).ready).toEqual([1, 2, 4])
  })

  it('lists the timers, from what happens later or from what the event says', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      spawn(2, 'b'),
      spawn(3, 'c'),
      resume(1, 0),
      yields(1, 'timeout(20)'),
      park(1),
      resume(2, 1),
      yields(2, 'sleep(30.5)'),
      park(2),
      resume(3, 2),
      yields(3, 'sleep(1)'),
      park(3), // 11
      { e: 'cancel', co: 3, by: { kind: 'task', co: 1, step: 3 }, grace: 25 },
      wake(3, 3, 3),
      expire(1, 20), // 14
    ])

    expect(stateAt(trace, 11).timers).toEqual([
      { due: 20, co: 1, kind: 'wake' },
      { due: 30.5, co: 2, kind: 'wake' },
    ])
    expect(stateAt(trace, 14).timers).toEqual([
      { due: 25, co: 3, kind: 'grace' },
      { due: 30.5, co: 2, kind: 'wake' },
    ])
  })

  it('follows the stack of callees, each with its place and its locals', () => {
    const trace = traceOf([
      spawn(1, 'main'),
      resume(1, 0),
      yields(1, 'call(fetch)', { op: 'call', at: 'a.ts:2', locals: { i: '1' } }),
      { e: 'call', co: 1, name: 'fetch' }, // 3
      resume(1, 3),
      yields(1, 'call()', { op: 'call', at: 'a.ts:7' }),
      { e: 'call', co: 1 }, // 6
      resume(1, 6),
      { e: 'return', co: 1, how: 'value' }, // 8
      resume(1, 8),
      { e: 'return', co: 1, how: 'value' }, // 10
      { e: 'return', co: 1, how: 'value' },
    ])

    expect(stateAt(trace, 7).tasks[0]?.frames).toEqual([
      { name: 'main', at: 'a.ts:2', locals: { i: '1' } },
      { name: 'fetch', at: 'a.ts:7' },
      {},
    ])
    expect(stateAt(trace, 8).tasks[0]?.frames).toHaveLength(2)
    expect(stateAt(trace, 8).tasks[0]).toMatchObject({ state: 'ready' })
    expect(stateAt(trace, 11).tasks[0]?.frames).toEqual([{ name: 'main', at: 'a.ts:2', locals: { i: '1' } }])
  })

  it('follows a cancellation through its states', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      resume(1, 0),
      yields(1, 'recv(1)'),
      park(1), // 3
      { e: 'cancel', co: 1, by: { kind: 'external', source: 'outside' }, grace: 10 },
      { e: 'wake', co: 1, by: { kind: 'external', source: 'outside' } }, // 5
      resume(1, 5, { how: 'error' }),
      yields(1, 'sleep(99)'),
      park(1), // 8
      { e: 'cancel', co: 1, by: { kind: 'external', source: 'outside' }, grace: 5 },
      expire(1, 5), // 10
      resume(1, 10, { how: 'return' }),
      yields(1, 'sleep(1)'),
      park(1), // 13
      exit(1, 'killed'),
    ])
    const at = (n: number) => {
      const [{ state, cancelled } = { state: 'ended' }] = stateAt(trace, n).tasks
      return `${state} ${cancelled?.state} ${cancelled?.until}`
    }

    expect(at(3)).toBe('parked undefined undefined')
    expect(at(4)).toBe('withdrawing pending 10')
    expect(at(5)).toBe('ready pending 10')
    expect(at(6)).toBe('running delivered 10')
    expect(at(8)).toBe('parked delivered 10')
    expect(at(9)).toBe('parked delivered 5')
    expect(at(11)).toBe('running forced 5')
    expect(at(13)).toBe('withdrawing forced 5')
    expect(stateAt(trace, 14).ended).toMatchObject([{ outcome: 'killed' }])
    expect(stateAt(trace, 14).ended[0]).not.toHaveProperty('cancelled')
  })

  it('gives a task that was ready when it was cancelled its answer first', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      resume(1, 0),
      yields(1, 'pause()'),
      { e: 'cancel', co: 1, by: { kind: 'external', source: 'outside' }, grace: 10 },
      resume(1, 2, { how: 'error' }), // 4: an error of its own
      yields(1, 'shield()'),
      park(1), // 6
    ])

    expect(stateAt(trace, 4).tasks[0]?.cancelled?.state).toBe('pending')
    expect(stateAt(trace, 6).tasks[0]?.state).toBe('withdrawing')
  })

  it('ends the grace period of a task that waits when its time has come', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      spawn(2, 'b'),
      resume(1, 0),
      yields(1, 'recv(1)'),
      park(1),
      { e: 'cancel', co: 1, by: { kind: 'external', source: 'outside' }, grace: 10 },
      { e: 'wake', co: 1, by: { kind: 'external', source: 'outside' } },
      resume(1, 6, { how: 'error' }),
      yields(1, 'group()'),
      park(1),
      resume(2, 1, { t: 10 }), // 10
      resume(2, 10),
    ])

    expect(stateAt(trace, 9).tasks[0]).toMatchObject({ state: 'parked', cancelled: { state: 'delivered' } })
    expect(stateAt(trace, 10).tasks[0]).toMatchObject({
      state: 'withdrawing',
      cancelled: { state: 'forced' },
    })
    expect(stateAt(trace, 11).tasks[0]).toMatchObject({ state: 'withdrawing', since: 10, by: 10 })
    expect(stateAt(trace, 11).timers).toEqual([])
  })

  it('makes a task ready whose coroutine has ended before its resources', () => {
    const trace = traceOf([spawn(1, 'a'), spawn(2, 'b'), resume(1, 0), resume(2, 1), resume(1, 2)])

    expect(states(stateAt(trace, 3))).toEqual(['a#1 ready', 'b#2 running'])
    expect(stateAt(trace, 3).ready).toEqual([1])
  })

  it('counts the bytes that were written and not read', () => {
    const trace = traceOf([
      { e: 'res', res: 1, op: 'listen', at: '*:80', step: null },
      { e: 'res', res: 2, op: 'connect', at: '*:80', step: null }, // 1
      { e: 'io', res: 1, op: 'accept', made: 3, cause: 1, step: null },
      { e: 'io', res: 2, op: 'connected', cause: null, step: null }, // 3
      { e: 'io', res: 2, op: 'write', bytes: 9, cause: null, step: null },
      { e: 'io', res: 3, op: 'read', bytes: 4, cause: 4, step: null }, // 5
      { e: 'io', res: 2, op: 'shutdown', cause: null, step: null },
      { e: 'io', res: 3, op: 'end', cause: 6, step: null }, // 7
      { e: 'res', res: 2, op: 'close', step: null },
      { e: 'io', res: 3, op: 'write', bytes: 2, cause: null, step: null }, // 9
      { e: 'res', res: 3, op: 'reset', step: null },
      { e: 'res', res: 9, op: 'made', at: 'Channel', step: null }, // 11
      { e: 'io', res: 7, op: 'failed', value: 'ECONNRESET', cause: null, step: null },
      { e: 'io', res: 8, op: 'read', bytes: 1, cause: null, step: null },
    ])
    const seen = (n: number) =>
      stateAt(trace, n).resources.map(({ id, state, inFlight }) => `${id} ${state} ${inFlight}`)

    expect(seen(1)).toEqual(['1 listening null', '2 connecting 0'])
    expect(seen(3)).toEqual(['1 listening null', '2 open 0', '3 open 0'])
    expect(seen(4)).toEqual(['1 listening null', '2 open 9', '3 open 0'])
    expect(seen(5)).toEqual(['1 listening null', '2 open 5', '3 open 0'])
    expect(stateAt(trace, 7).resources).toMatchObject([
      { at: '*:80' },
      { id: 2, peer: 3, written: 9, read: 0, shut: true, ended: false },
      { id: 3, peer: 2, written: 0, read: 4, shut: false, ended: true },
    ])
    expect(seen(9)).toEqual(['1 listening null', '2 closed 5', '3 open 0'])
    expect(seen(10)).toEqual(['1 listening null'])
    expect(seen(13).slice(1)).toEqual(['7 failed null', '8 open null', '9 made null'])
  })

  it('shows the packets on the wire and the lines that were printed', () => {
    const packet = { e: 'packet', from: 'a', to: 'b', bytes: 3 } as const
    const trace = traceOf([
      { ...packet, id: 1, op: 'sent' },
      { ...packet, id: 2, op: 'sent', t: 1 },
      { e: 'log', text: 'hello', co: null },
      { ...packet, id: 1, op: 'arrived', t: 4 }, // 3
      { e: 'input', id: 'a', data: 'x' },
      { e: 'warn', rule: 'r', co: null, msg: '' },
      { e: 'log', text: 'bye', co: null },
    ])

    expect(stateAt(trace, 1).packets).toEqual([
      { id: 1, from: 'a', to: 'b', bytes: 3, sent: 0, until: 4 },
      { id: 2, from: 'a', to: 'b', bytes: 3, sent: 1, until: null },
    ])
    expect(stateAt(trace, 3).packets).toMatchObject([{ id: 2 }])
    expect(stateAt(trace, 1).log).toEqual([])
    expect(stateAt(trace, 6).log).toMatchObject([{ text: 'hello' }, { text: 'bye' }])
  })

  it('begins with the tasks that were there when the recording began', () => {
    const begin = [
      { id: 4, name: 'server', state: 'parked', waitsFor: 'accept()', spawner: 'main#1', callees: 0 },
      {
        id: 7,
        name: 'a',
        state: 'ready',
        waitsFor: undefined,
        spawner: undefined,
        callees: 1,
        spawnedAt: 'x (a.ts:1:1)',
        yieldedAt: [undefined, 'y (a.ts:2:1)'],
      },
    ] as const
    const trace = traceOf([resume(7, null), yields(7, 'pause()')], { begin })

    expect(states(stateAt(trace, -1))).toEqual(['server#4 parked accept()', 'a#7 ready'])
    expect(stateAt(trace, -1).ready).toEqual([7])
    expect(stateAt(trace, -1).tasks).toMatchObject([
      { parent: 1, since: null, by: null, frames: [{ name: 'server' }] },
      { parent: null, spawnedAt: 'x (a.ts:1:1)', frames: [{ name: 'a' }, { at: 'y (a.ts:2:1)' }] },
    ])
  })

  it('infers what tasks were doing whose beginning was dropped', () => {
    const begin = [
      { id: 1, name: 'main', state: 'new', waitsFor: undefined, spawner: undefined, callees: 0 },
    ] as const
    const trace = traceOf(
      [
        park(1),
        expire(2, 5),
        resume(3, null),
        exit(4),
        { e: 'cancel', co: 9, by: { kind: 'timer', due: 1 }, grace: 1 },
      ],
      { dropped: 100, begin },
    )

    expect(states(stateAt(trace, 99))).toEqual([
      'main#1 entering',
      'task#2 parked',
      'task#3 ready',
      'task#4 running',
    ])
    expect(stateAt(trace, 99).running).toBe(4)
    expect(states(stateAt(trace, 104))).toEqual(['main#1 parked', 'task#2 ready', 'task#3 running'])
  })

  it('gives the same wherever it was asked before', () => {
    const trace = turns(1000)
    const forwards = [0, 255, 256, 257, 1000, 2001].map((n) => stateAt(trace, n))
    const fresh = turns(1000)
    const backwards = [2001, 1000, 257, 256, 255, 0].map((n) => stateAt(fresh, n)).reverse()

    expect(backwards).toEqual(forwards)
    expect(stateAt(trace, 1001).running).toBe(null)
    expect(stateAt(trace, 1000).running).toBe(2)
  })

  it('knows the moment before the first event, also of a trace without events', () => {
    expect(stateAt(traceOf([]), -1)).toMatchObject({ n: -1, t: 0, tasks: [] })
    expect(stateAt(traceOf([], { dropped: 5 }), 4)).toMatchObject({ n: 4 })
  })

  it('refuses a number that the trace does not have', () => {
    expect(() => stateAt(TWO_TASKS, 16)).toThrow('stateAt(trace, n): expected n from -1 to 15, got 16')
    expect(() => stateAt(TWO_TASKS, 1.5)).toThrow(RangeError)
    expect(() => stateAt(TWO_TASKS, Number.NaN)).toThrow(RangeError)
    expect(() => stateAt(traceOf([park(1)], { dropped: 9 }), 3)).toThrow(
      'stateAt(trace, n): expected n from 8 to 9, got 3: older events were dropped, since a recording has a limit',
    )
    expect(() => stateAt(traceOf([]), 0)).toThrow('stateAt(trace, n): expected n from -1 to -1, got 0')
  })

  it('refuses what is no trace', () => {
    for (const value of [null, undefined, {}, { events: [] }, { header: {}, events: 'x' }]) {
      expect(() => stateAt(value as never, 0)).toThrow(/^expected a trace, such as parse\(text\) gives, got /)
    }
  })
})
