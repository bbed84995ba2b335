// What a recording says of a program: every step has a reason that is in the trace.
import { Channel, type Coroutine, call, join, kill, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import {
  type Recording,
  type RecordOptions,
  record,
  stateAt,
  type Trace,
  type TraceEvent,
} from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { failure, rejection, stepAll, world } from '../world.js'

/** Records a program in virtual time. */
async function recorded(main: () => Coroutine<unknown>, options: RecordOptions = {}): Promise<Trace> {
  const { scheduler } = world()
  const recording = record(scheduler, options)
  await scheduler.run(main).catch(() => {})
  return recording.stop()
}

/** The events of one kind. */
function events<E extends TraceEvent['e']>({ events }: Trace, kind: E): Extract<TraceEvent, { e: E }>[] {
  return events.filter((event): event is Extract<TraceEvent, { e: E }> => event.e === kind)
}

describe('stopInPieces', () => {
  it('gives what stop() gives, piece by piece, and records no more', async () => {
    const { scheduler } = world()
    const recording = record(scheduler)
    await scheduler.run(function* main() {
      for (let i = 0; i < 10; i++) yield* pause()
    })

    const pieces = recording.stopInPieces(7)
    await scheduler.run(function* another() {})

    const all = [...pieces]
    const trace = recording.stop()
    expect(all.map(({ events }) => events.length)).toEqual([7, 7, 7, 2])
    expect(all.flatMap(({ events }) => events)).toEqual(trace.events)
    expect(all.every(({ header }) => header.schema === trace.header.schema)).toBe(true)
  })

  it('gives one piece without events of an empty recording', () => {
    const { scheduler } = world()

    expect([...record(scheduler).stopInPieces(5)].map(({ events }) => events)).toEqual([[]])
    expect(() => record(scheduler).stopInPieces(0)).toThrow('stopInPieces(events)')
  })
})

describe('record', () => {
  it('records every step of a program, with its reason', async () => {
    const trace = await recorded(function* main() {
      const channel = new Channel<number>()
      yield* spawn(function* reader() {
        return (yield* channel.receive()) + 1
      })
      yield* sleep(5)
      yield* channel.send(4)
    })

    expect(trace.header).toEqual({ schema: 'bluelet-trace/1', clock: 'virtual', unit: 'ms', dropped: 0 })
    expect(trace.events).toEqual([
      { n: 0, t: 0, e: 'spawn', co: 1, name: 'main', parent: null, by: null },
      { n: 1, t: 0, e: 'resume', co: 1, how: 'value', because: 0 },
      { n: 2, t: 0, e: 'yield', co: 1, ev: 'spawn(reader)', op: 'spawn' },
      { n: 3, t: 0, e: 'spawn', co: 2, name: 'reader', parent: 1, by: 1 },
      { n: 4, t: 0, e: 'resume', co: 1, how: 'value', because: 2, value: 'reader#2' },
      { n: 5, t: 0, e: 'yield', co: 1, ev: 'sleep(5)', op: 'sleep' },
      { n: 6, t: 0, e: 'park', co: 1 },
      { n: 7, t: 0, e: 'resume', co: 2, how: 'value', because: 3 },
      { n: 8, t: 0, e: 'res', res: 1, op: 'made', at: 'Channel', step: 7 },
      { n: 9, t: 0, e: 'yield', co: 2, ev: 'channel.receive()', op: 'channel.receive', on: { res: 1 } },
      { n: 10, t: 0, e: 'park', co: 2 },
      { n: 11, t: 5, e: 'wake', co: 1, by: { kind: 'timer', due: 5 } },
      { n: 12, t: 5, e: 'resume', co: 1, how: 'value', because: 11 },
      { n: 13, t: 5, e: 'yield', co: 1, ev: 'channel.send()', op: 'channel.send', on: { res: 1 } },
      { n: 14, t: 5, e: 'wake', co: 2, by: { kind: 'task', co: 1, step: 12 } },
      { n: 15, t: 5, e: 'resume', co: 2, how: 'value', because: 14, value: '4' },
      { n: 16, t: 5, e: 'exit', co: 2, outcome: 'returned', value: '5' },
      { n: 17, t: 5, e: 'resume', co: 1, how: 'value', because: 13 },
      { n: 18, t: 5, e: 'exit', co: 1, outcome: 'returned', value: 'undefined' },
    ])
  })

  it('records calls, with the name of the function if it is known, and what they give', async () => {
    const trace = await recorded(function* main() {
      yield* call(function* child() {
        yield pause()
        return 'x'
      })
      yield (function* () {
        yield pause()
        throw failure('of a child')
      })()
    })

    expect(events(trace, 'call').map(({ name }) => name)).toEqual(['child', undefined])
    expect(events(trace, 'yield').map(({ ev }) => ev)).toEqual([
      'child()',
      'pause()',
      'a coroutine',
      'pause()',
    ])
    expect(events(trace, 'return').map(({ how, value }) => [how, value])).toEqual([
      ['value', '"x"'],
      ['error', 'Error: of a child'],
    ])
    const returned = events(trace, 'return')[0]
    expect(events(trace, 'resume')[3]).toMatchObject({ because: returned?.n, value: '"x"' })
  })

  it('records cancellations, errors and what cannot be yielded', async () => {
    const trace = await recorded(function* main() {
      const task = yield* spawn(function* sleeper() {
        yield sleep(100)
      })
      yield pause()
      yield* kill(task, { grace: Number.POSITIVE_INFINITY })
      try {
        yield 17 as never
      } catch {}
      throw failure()
    })

    expect(events(trace, 'cancel')).toMatchObject([
      { co: 2, by: { kind: 'task', co: 1 }, grace: Number.MAX_SAFE_INTEGER },
    ])
    expect(events(trace, 'exit').map(({ outcome, error }) => [outcome, error])).toEqual([
      ['killed', undefined],
      ['threw', 'Error: failure'],
    ])
    expect(events(trace, 'yield').at(-1)).toMatchObject({ ev: '17', op: 'invalid' })
  })

  it('records which step of a task woke the one that joined it', async () => {
    const trace = await recorded(function* main() {
      yield* join(
        yield* spawn(function* child() {
          yield pause()
        }),
      )
    })
    const last = events(trace, 'resume').filter(({ co }) => co === 2)[1]

    expect(events(trace, 'wake')).toMatchObject([{ co: 1, by: { kind: 'task', co: 2, step: last?.n } }])
  })

  it('records what woke a task from outside', async () => {
    const trace = await recorded(function* main() {
      yield Promise.resolve(1)
    })

    expect(events(trace, 'wake').map(({ by }) => by)).toEqual([{ kind: 'external', source: 'promise' }])
  })

  it('records no values in the real world, and errors by their class', async () => {
    const scheduler = new Scheduler({ sites: false })
    const recording = record(scheduler)
    await rejection(
      scheduler.run(function* main() {
        yield* call(function* child() {
          yield pause()
          return 'secret'
        })
        throw Object.assign(new TypeError('secret'), { code: 'ERR_X' })
      }),
    )
    const trace = recording.stop()

    expect(trace.header.clock).toBe('real')
    expect(JSON.stringify(trace)).not.toContain('secret')
    expect(events(trace, 'exit')).toMatchObject([{ outcome: 'threw', error: 'TypeError (ERR_X)' }])
  })

  it('shows values as a function says', async () => {
    const trace = await recorded(
      function* main() {
        yield* call(function* child() {
          yield pause()
          return 'x'.repeat(100)
        })
        yield* call(function* child() {
          yield pause()
          return { toString: 1 }
        })
      },
      { values: (value) => `<${value}>` },
    )

    expect(events(trace, 'return').map(({ value }) => value)).toEqual([
      `<${'x'.repeat(78)}…`,
      '(its preview threw)',
    ])
  })

  it('keeps the latest events, and counts the ones that it dropped', async () => {
    const main = function* (): Coroutine<void> {
      for (let i = 0; i < 300; i++) yield* sleep(1)
    }
    const whole = await recorded(main)
    const part = await recorded(main, { limit: 1100 })

    expect(part.events).toEqual(whole.events.slice(-1100))
    expect(part.header.dropped).toBe(whole.events.length - 1100)
  })

  it('keeps one event if the limit is 1', async () => {
    const { scheduler } = world()
    const recording = record(scheduler, { limit: 1 })
    await scheduler.run(function* main() {})

    expect(recording.size).toBe(1)
    expect(recording.dropped).toBe(2)
    expect(recording.trace().events).toMatchObject([{ n: 2, e: 'exit' }])
  })

  it('names the tasks whose beginning it dropped, as long as something of theirs is kept', async () => {
    const { scheduler } = world()
    const recording = record(scheduler, { limit: 46 })
    let middle: Trace | undefined
    await scheduler.run(function* main() {
      const waiter = yield* spawn(function* waiter() {
        yield* sleep(1000)
      })
      for (let i = 0; i < 30; i++) {
        const child = yield* spawn(function* child() {
          yield* sleep(1)
        })
        yield* join(child)
      }
      middle = recording.trace()
      yield* kill(waiter)
    })
    const end = recording.trace()

    const named = ({ header, events }: Trace) => {
      const spawned = events.flatMap((event) => (event.e === 'spawn' ? event.co : []))
      const seen = events.flatMap((event) => ('co' in event && event.co !== null ? event.co : []))
      expect(header.dropped).toBeGreaterThan(0)
      return {
        begin: header.begin?.map(({ name, id }) => `${name}#${id}`),
        unnamed: [...new Set(seen)].filter(
          (id) => !spawned.includes(id) && !header.begin?.some((task) => task.id === id),
        ),
      }
    }
    expect(named(middle as Trace)).toEqual({
      begin: ['main#1', 'waiter#2', 'child#29'],
      unnamed: [],
    })
    expect(named(end).unnamed).toEqual([])
    expect(middle?.header.begin?.[1]).toMatchObject({ state: 'parked', waitsFor: 'sleep(1000)' })
    expect(stateAt(middle as Trace, middle?.events.at(-1)?.n as number).tasks).toMatchObject([
      { name: 'main' },
      { name: 'waiter' },
    ])
  })

  it('begins with the tasks that were there', async () => {
    const { scheduler } = world()
    let recording: Recording | undefined
    await scheduler.run(function* main() {
      yield* sleep(1)
      recording = record(scheduler)
      yield* sleep(1)
    })

    const trace = recording?.stop()
    expect(trace?.header.begin).toMatchObject([{ id: 1, name: 'main', state: 'running' }])
    expect(trace?.events[0]).toMatchObject({ n: 0, e: 'yield', co: 1 })
    expect(trace?.events[2]).toMatchObject({ e: 'wake', co: 1 })
  })

  it('knows the reason of a step that was ready before the recording as unknown', () => {
    const { scheduler } = world()
    scheduler.spawn(function* main() {})
    const recording = record(scheduler)
    stepAll(scheduler)

    expect(recording.stop().events[0]).toMatchObject({ e: 'resume', because: null })
  })

  it('records call sites if the scheduler does, which become text in the trace', async () => {
    const { scheduler } = world({ sites: true })
    const recording = record(scheduler)
    await scheduler.run(function* main() {
      yield* spawn(function* child() {
        yield* sleep(1)
      })
    })
    const trace = recording.stop()

    expect(events(trace, 'spawn')[1]?.at).toMatch(/^main \(.*record\.test\.ts:\d+:\d+\)$/)
    expect(events(trace, 'yield')[1]?.at).toMatch(/^child \(.*record\.test\.ts:\d+:\d+\)$/)
  })

  it('takes the place of a yield, and the locals there, from a program that a tool has rewritten', async () => {
    const { scheduler } = world()
    const recording = record(scheduler)
    function at<T>(value: T, line: number, locals?: Record<string, unknown>, callee?: string): T {
      recording.mark({ at: `main.js:${line}`, ...(locals && { locals }), ...(callee && { callee }) })
      return value
    }
    function* child(): Coroutine<void> {
      yield at(pause(), 1)
    }
    await scheduler.run(function* main() {
      const a = 1
      yield at(child(), 3, { a }, 'child')
      yield pause()
    })
    const trace = recording.stop()

    expect(events(trace, 'yield')).toMatchObject([
      { at: 'main.js:3', locals: { a: '1' }, ev: 'child()' },
      { at: 'main.js:1' },
      { ev: 'pause()' },
    ])
    expect(events(trace, 'yield')[2]).not.toHaveProperty('at')
    expect(events(trace, 'call')).toMatchObject([{ name: 'child' }])
  })

  it('records no locals if it records no values', async () => {
    const { scheduler } = world()
    const recording = record(scheduler, { values: false })
    await scheduler.run(function* main() {
      recording.mark({ at: 'main.js:1', locals: { password: 'secret' } })
      yield pause()
    })

    expect(recording.stop().events[2]).toEqual({
      n: 2,
      t: 0,
      e: 'yield',
      co: 1,
      ev: 'pause()',
      op: 'pause',
      at: 'main.js:1',
    })
  })

  it('records what was printed, typed and noticed', async () => {
    const { scheduler } = world()
    const recording = record(scheduler)
    recording.log('before')
    const running = scheduler.run(function* main() {
      recording.log('within')
      yield* sleep(5)
      recording.input('terminal', 'x')
      recording.warn('rule', 'says what')
    })
    await running
    const task = scheduler.spawn(function* other() {})
    recording.warn('rule', 'of a task', task)
    const trace = recording.stop()

    expect(events(trace, 'log')).toMatchObject([
      { text: 'before', co: null },
      { text: 'within', co: 1 },
    ])
    expect(events(trace, 'input')).toMatchObject([{ t: 5, id: 'terminal', data: 'x' }])
    expect(trace.header.inputs).toEqual([{ t: 5, id: 'terminal', data: 'x' }])
    expect(events(trace, 'warn')).toMatchObject([
      { rule: 'rule', co: null, msg: 'says what' },
      { rule: 'rule', co: 2, msg: 'of a task' },
    ])
  })

  it('writes what it is told into the header', () => {
    const { scheduler } = world()
    const about = { seed: 7, schedule: '0.1', sources: { 'a.ts': 'text' } }

    expect(record(scheduler, about).stop().header).toMatchObject(about)
  })

  it('records nothing after it was stopped, and gives the same trace again', async () => {
    const { scheduler } = world()
    const recording = record(scheduler)
    await scheduler.run(function* main() {})
    const trace = recording.stop()
    await scheduler.run(function* main() {})
    recording.log('late')
    recording.input('terminal', 'late')
    recording.warn('rule', 'late')

    expect(trace.events.length).toBe(3)
    expect(recording.stop()).toBe(trace)
    expect(recording.trace()).toBe(trace)
  })

  it('can be done twice at the same time', async () => {
    const { scheduler } = world()
    const first = record(scheduler)
    const second = record(scheduler)
    await scheduler.run(function* main() {
      yield pause()
    })

    expect(first.stop()).toEqual(second.stop())
  })

  it('rejects what it cannot record', () => {
    const { scheduler } = world()

    expect(() => record({} as Scheduler)).toThrow(
      'record(scheduler): expected a Scheduler, got an object (Object)',
    )
    expect(() => record(scheduler, 5 as never)).toThrow(
      'record(scheduler, options): expected an object such as { limit }, got 5',
    )
    expect(() => record(scheduler, { limit: 0 })).toThrow('record: limit: expected a positive integer, got 0')
    expect(() => record(scheduler, { values: 'all' as never })).toThrow(
      'record: values: expected a boolean or a function',
    )
    expect(() => record(scheduler, { library: 1 as never })).toThrow(
      'record: library: expected a boolean, got 1',
    )
    expect(() => record(scheduler, { network: {} as never })).toThrow(
      'record: network: expected what recordNetwork(host)',
    )
    expect(() => record(scheduler, { network: null as never })).toThrow(
      'record: network: expected what recordNetwork(host)',
    )
  })
})
