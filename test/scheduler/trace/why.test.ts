import { effects, steps, type Trace, why, whyChain } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { expire, park, resume, spawn, TWO_TASKS, traceOf, type Written, wake, yields } from './traces.js'

const OUTSIDE = { kind: 'external', source: 'outside' } as const

/** `client#2` gets what `echoer#1` has sent in its first step: the wake is event 9, the step 10. */
const ECHO: readonly Written[] = [
  { e: 'res', res: 1, op: 'connect', at: 'localhost:80', step: null },
  spawn(1, 'echoer'),
  spawn(2, 'client'), // 2
  resume(2, 2),
  yields(2, 'conn.recv(1024)', { op: 'recv', on: { res: 1 } }),
  park(2), // 5
  resume(1, 1),
  { e: 'io', res: 2, op: 'write', bytes: 9, cause: null, step: 6 }, // 7
  { e: 'io', res: 1, op: 'read', bytes: 9, cause: 7, step: null },
  { e: 'wake', co: 2, by: { kind: 'io', res: 1, op: 'read', bytes: 9, io: 8 } }, // 9
  resume(2, 9),
  yields(2, 'conn.recv(1024)', { op: 'recv' }),
]

/** What is said of a wait that something at a socket has ended. */
function said(
  op: 'accept' | 'connected' | 'end' | 'failed' | 'writable' | 'closed',
  origin: object,
  io: object,
): string {
  const trace = traceOf([
    spawn(1, 'a'),
    spawn(2, 'b'),
    resume(1, 0),
    { e: 'res', res: 5, op: 'close', step: 2, ...origin } as Written, // 3
    resume(2, 1),
    yields(2, 'x()'),
    park(2),
    { e: 'io', res: 6, op: op as 'end', cause: 3, step: null, ...io }, // 7
    { e: 'wake', co: 2, by: { kind: 'io', res: 6, op, bytes: 0, io: 7 } },
    resume(2, 8), // 9
  ])
  return why(trace, 9).text
}

/** What is said of a task that waits in `recv(1)` and is made ready like this. */
function woken(...events: Written[]): string {
  const trace = traceOf([
    spawn(1, 'a'),
    spawn(2, 'b'),
    resume(1, 0),
    yields(1, 'recv(1)'),
    park(1),
    resume(2, 1), // 5
    ...events,
    resume(1, 5 + events.length),
  ])
  return why(trace, 6 + events.length).text
}

describe('why', () => {
  it('names the root, the spawner, the answer at once, the timer and the task that ended', () => {
    const said = steps(TWO_TASKS).map(({ n }) => why(TWO_TASKS, n).text)

    expect(said).toEqual([
      'main#1 ran because it was spawned from outside',
      'child#2 ran because main#1 spawned it in step 1',
      'main#1 ran because spawn(child) was answered at once',
      'child#2 ran because sleep(5) was over at 5 ms',
      'main#1 ran because child#2, which it waited for, ended in step 4',
    ])
  })

  it('says as data what the sentence says', () => {
    expect(why(TWO_TASKS, 14)).toEqual({
      n: 14,
      kind: 'task',
      step: 11,
      task: 2,
      text: 'main#1 ran because child#2, which it waited for, ended in step 4',
    })
    expect(why(TWO_TASKS, 11)).toMatchObject({ kind: 'timer', step: null, task: null })
    expect(why(TWO_TASKS, 7)).toMatchObject({ kind: 'answer', step: 1, task: 1 })
    expect(why(TWO_TASKS, 4)).toMatchObject({ kind: 'spawn', step: 1, task: 1 })
  })

  it('names the task that sent the bytes', () => {
    expect(why(traceOf(ECHO), 10)).toEqual({
      n: 10,
      kind: 'read',
      step: 6,
      task: 1,
      bytes: 9,
      text: 'client#2 ran because 9 bytes arrived that echoer#1 sent in step 2',
    })
  })

  it('names the sender of bytes that were there already before the answer at once', () => {
    const trace = traceOf([...ECHO, resume(2, 11, { io: 8 })])

    expect(why(trace, 12).text).toBe('client#2 ran because 9 bytes arrived that echoer#1 sent in step 2')
  })

  it('says that bytes came from outside, and guesses no sender', () => {
    const read = (cause: number | null) =>
      why(
        traceOf([
          spawn(1, 'a'),
          { e: 'io', res: 1, op: 'write', bytes: 1, cause: null, step: null },
          { e: 'io', res: 1, op: 'read', bytes: 1, cause, step: null },
          resume(1, 0, { io: 2 }),
        ]),
        3,
      )

    expect(read(null)).toMatchObject({ step: null, task: null, bytes: 1 })
    expect(read(null).text).toBe('a#1 ran because 1 byte arrived from outside')
    expect(read(1).text).toBe('a#1 ran because 1 byte arrived')
  })

  it('says what happened to a connection, and which task did it', () => {
    expect(said('end', {}, {})).toBe('b#2 ran because a#1 ended its side of the connection in step 1')
    expect(said('end', { step: null }, {})).toBe('b#2 ran because the peer ended its side of the connection')
    expect(said('accept', {}, {})).toBe('b#2 ran because a#1 connected in step 1')
    expect(said('accept', {}, { cause: null })).toBe('b#2 ran because a client connected')
    expect(said('connected', {}, { cause: null })).toBe('b#2 ran because its connection was made')
    expect(said('connected', {}, {})).toBe('b#2 ran because its connection was made with a#1 in step 1')
    expect(said('failed', {}, { cause: null, value: 'ECONNRESET' })).toBe(
      'b#2 ran because its connection failed: ECONNRESET',
    )
    expect(said('failed', {}, { cause: null })).toBe('b#2 ran because its connection failed')
    expect(said('writable', {}, { cause: null })).toBe('b#2 ran because its connection takes bytes again')
    expect(said('closed', {}, { cause: null })).toBe('b#2 ran because its connection is closed')
  })

  it('names calls and their ends', () => {
    const trace = traceOf([
      spawn(1, 'main'),
      resume(1, 0),
      yields(1, 'fetch()', { op: 'call' }),
      { e: 'call', co: 1, name: 'fetch' }, // 3
      resume(1, 3),
      yields(1, 'call()'),
      { e: 'call', co: 1 }, // 6
      resume(1, 6),
      { e: 'return', co: 1, how: 'error' }, // 8
      resume(1, 8, { how: 'error' }),
      { e: 'return', co: 1, how: 'value' }, // 10
      resume(1, 10),
      resume(1, 11), // 12
    ])

    expect(steps(trace).map(({ n }) => why(trace, n).text.replace('main#1 ran because ', ''))).toEqual([
      'it was spawned from outside',
      'it called fetch()',
      'it called a coroutine',
      'the coroutine that it had called has failed',
      'fetch() that it had called has ended',
      'its coroutine has ended, and so must what ends with it',
    ])
    expect(why(trace, 9)).toMatchObject({ kind: 'return', step: 7, task: 1 })
  })

  it('names the task that ended the wait, or something outside', () => {
    expect(woken(wake(1, 2, 5))).toBe('a#1 ran because b#2 ended its wait for recv(1) in step 2')
    expect(woken({ e: 'wake', co: 1, by: OUTSIDE })).toBe(
      'a#1 ran because something outside of the scheduler ended its wait',
    )
    expect(woken({ e: 'wake', co: 1, by: { kind: 'external', source: 'promise' } })).toBe(
      'a#1 ran because the promise that it waited for was settled',
    )
    expect(woken({ e: 'wake', co: 1, by: { kind: 'external', source: 'process' } })).toBe(
      'a#1 ran because process from outside ended its wait',
    )
  })

  it('names the culprit of a cancellation', () => {
    const by = (by: object): Written => ({ e: 'cancel', co: 1, by, grace: 5 }) as Written
    const wakes: Written = { e: 'wake', co: 1, by: OUTSIDE }

    expect(woken(by({ kind: 'task', co: 2, step: 5 }), wakes)).toBe(
      'a#1 ran because b#2 cancelled it in step 2',
    )
    expect(woken(by({ kind: 'timer', due: 7 }), wakes)).toBe('a#1 ran because its time was over at 7 ms')
    expect(woken(by(OUTSIDE), wakes)).toBe('a#1 ran because it was cancelled from outside')
    expect(woken(by({ kind: 'io', res: 1, op: 'end', bytes: 0, io: null }), wakes)).toBe(
      'a#1 ran because it was cancelled when the peer ended its side of the connection',
    )
  })

  it('names the culprit of a cancellation that comes in place of what was yielded, once', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      spawn(2, 'b'),
      resume(1, 0),
      yields(1, 'pause()'), // 3
      resume(2, 1),
      { e: 'cancel', co: 1, by: { kind: 'task', co: 2, step: 4 }, grace: 10 }, // 5
      yields(2, 'pause()'),
      resume(1, 3), // 7
      yields(1, 'pause()'),
      resume(1, 8, { how: 'error' }), // 9
      yields(1, 'sleep(-1)'),
      resume(1, 10, { how: 'error' }), // 11
      yields(1, 'sleep(99)'),
      park(1),
      expire(1, 10), // 14
      resume(1, 14, { how: 'return' }),
      resume(2, 6), // 16
    ])

    expect(why(trace, 7).text).toBe('a#1 ran because pause() was answered at once')
    expect(why(trace, 9).text).toBe('a#1 ran because b#2 cancelled it in step 2')
    expect(why(trace, 11).text).toBe('a#1 ran because sleep(-1) was answered at once')
    expect(why(trace, 15).text).toBe('a#1 ran because the 10 ms for its clean-up were over')
  })

  it('explains any other event by its step, or by the step that follows from it', () => {
    expect(why(TWO_TASKS, 3)).toEqual(why(TWO_TASKS, 1))
    expect(why(TWO_TASKS, 13)).toEqual(why(TWO_TASKS, 11))
    expect(why(TWO_TASKS, 10)).toEqual(why(TWO_TASKS, 11))
    expect(why(traceOf(ECHO), 7)).toEqual(why(traceOf(ECHO), 6))
  })

  it('explains what happened between two steps', () => {
    const trace = traceOf([
      spawn(1, 'a'),
      resume(1, 0),
      yields(1, 'sleep(5)'),
      park(1), // 3
      { e: 'log', text: '', co: 1 },
      { e: 'log', text: '', co: null }, // 5
      { e: 'packet', id: 1, from: '', to: '', bytes: 1, op: 'sent' },
      { e: 'io', res: 1, op: 'read', bytes: 1, cause: null, step: null },
      { e: 'cancel', co: 1, by: { kind: 'timer', due: 3 }, grace: 0 }, // 8
      { e: 'wake', co: 1, by: { kind: 'timer', due: 3 } },
    ])

    expect(why(trace, 4).n).toBe(1)
    for (const n of [0, 5, 6, 7]) {
      expect(why(trace, n)).toMatchObject({
        n,
        step: null,
        kind: 'external',
        text: 'this happened between two steps',
      })
    }
    expect(why(trace, 8).text).toBe('a#1 is cancelled because its time was over at 3 ms')
    expect(why(trace, 9).text).toBe('a#1 is ready because its time was over at 3 ms')
  })

  it('says so if the reason is not in the trace', () => {
    const trace = traceOf(
      [
        resume(3, 7),
        { e: 'return', co: 3, how: 'value' }, // 11
        resume(3, 11),
        wake(4, 3, 2), // 13
        resume(4, 13),
        { e: 'wake', co: 5, by: { kind: 'io', res: 1, op: 'read', bytes: 4, io: 3 } }, // 15
        resume(5, 15),
        expire(6, 5), // 17
        resume(6, 17),
        { e: 'wake', co: 7, by: { kind: 'task', co: 3, step: null } }, // 19
        resume(7, 19),
      ],
      { dropped: 10 },
    )

    expect(why(trace, 10)).toMatchObject({ kind: 'unknown', step: null, task: null })
    expect(why(trace, 10).text).toBe('task#3 ran because of something that is not in the recording')
    expect(why(trace, 12).text).toBe('task#3 ran because the coroutine that it had called has ended')
    expect(why(trace, 14).text).toBe('task#4 ran because task#3 ended its wait')
    expect(why(trace, 16).text).toBe('task#5 ran because 4 bytes arrived')
    expect(why(trace, 18).text).toBe('task#6 ran because its wait was over at 5 ms')
    expect(why(trace, 20)).toMatchObject({
      step: null,
      task: 3,
      text: 'task#7 ran because task#3 ended its wait',
    })
  })

  it('never follows a reason that comes later', () => {
    const trace = traceOf([
      spawn(1, 'a', 2, 3),
      resume(1, 0),
      spawn(2, 'b', 1, 1),
      resume(2, 2),
      { e: 'io', res: 1, op: 'read', bytes: 1, cause: 6, step: null }, // 4
      resume(1, 0, { io: 4 }),
      { e: 'io', res: 1, op: 'write', bytes: 1, cause: null, step: 7 }, // 6
      resume(2, 9),
      resume(1, 8),
    ])

    for (const { n } of trace.events) expect(whyChain(trace, n).length).toBeLessThan(4)
    expect(why(trace, 1)).toMatchObject({ step: null, task: 2 })
    expect(why(trace, 5)).toMatchObject({ step: null, kind: 'read' })
  })

  it('refuses a number that the trace does not have', () => {
    for (const read of [why, whyChain, effects] as ((trace: Trace, n: number) => unknown)[]) {
      expect(() => read(TWO_TASKS, 16)).toThrow(
        `${read.name}(trace, n): expected n from 0 to 15, got 16`.replace('whyChain', 'why'),
      )
      expect(() => read(traceOf([]), 0)).toThrow(/\(trace, n\): the trace has no events, got n 0$/)
      expect(() => read(null as never, 0)).toThrow(/^expected a trace/)
    }
  })
})

describe('whyChain', () => {
  it('leads back to the root', () => {
    const trace = traceOf([...ECHO, resume(2, 11)])

    expect(whyChain(trace, 12).map(({ kind }) => kind)).toEqual(['answer', 'read', 'root'])
  })

  it('ends at a time', () => {
    expect(whyChain(TWO_TASKS, 14).map(({ text }) => text)).toEqual([
      'main#1 ran because child#2, which it waited for, ended in step 4',
      'child#2 ran because sleep(5) was over at 5 ms',
    ])
  })
})

describe('effects', () => {
  it('names the steps that a step caused', () => {
    expect(effects(TWO_TASKS, 1)).toEqual([4, 7])
    expect(effects(TWO_TASKS, 3)).toEqual([4, 7])
    expect(effects(TWO_TASKS, 11)).toEqual([14])
    expect(effects(TWO_TASKS, 14)).toEqual([])
  })

  it('is empty before the first step', () => {
    expect(effects(TWO_TASKS, 0)).toEqual([])
  })
})

describe('steps', () => {
  it('gives the steps, how people count them, and what came of each', () => {
    expect(steps(TWO_TASKS)).toEqual([
      { number: 1, n: 1, last: 3, t: 0, co: 1, result: 2 },
      { number: 2, n: 4, last: 6, t: 0, co: 2, result: 5 },
      { number: 3, n: 7, last: 10, t: 0, co: 1, result: 8 },
      { number: 4, n: 11, last: 13, t: 5, co: 2, result: 12 },
      { number: 5, n: 14, last: 15, t: 5, co: 1, result: 15 },
    ])
  })

  it('is empty for a trace without steps', () => {
    expect(steps(traceOf([]))).toEqual([])
    expect(steps(traceOf([resume(1, null)]))).toMatchObject([{ result: null }])
  })
})
