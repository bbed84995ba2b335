import { Channel, type Coroutine, join, kill, Scheduler, sleep, spawn, type Task } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { record, type Trace, toChrome, toMermaid, toOTLP, toSVG, toText } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { exit, expire, park, resume, spawn as spawned, TWO_TASKS, traceOf, wake, yields } from './traces.js'

/** What may come from a program and means something to a format. */
const NASTY = '</script>"\'\n;#&<b>]]>:%% \u202e\u2028\u0000 end'

/** A trace that has it wherever a program can put it. */
const NASTY_TRACE = traceOf(
  [
    spawned(1, NASTY),
    resume(1, 0, { value: NASTY }),
    yields(1, NASTY, { at: NASTY, op: NASTY }),
    spawned(2, `${NASTY}2`, 1, 1),
    { e: 'log', text: NASTY, co: 1 },
    { e: 'input', id: NASTY, data: NASTY },
    { e: 'warn', rule: NASTY, co: 1, msg: NASTY },
    park(1),
    resume(2, 3, { how: 'error', value: NASTY }),
    exit(2, 'threw', { error: NASTY }),
    wake(1, 2, 8),
    resume(1, 10),
    exit(1, 'returned', { value: NASTY }),
  ],
  { schedule: NASTY, seed: 3 },
)

/** A producer and a consumer; the consumer is killed, and takes 3 ms to clean up. */
async function recorded(): Promise<Trace> {
  const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })
  const recording = record(scheduler)
  function* producer(channel: Channel<number>): Coroutine<void> {
    for (let i = 1; i <= 2; i++) {
      yield* sleep(2)
      yield* channel.send(i)
    }
    yield* sleep(3)
  }
  function* consumer(channel: Channel<number>): Coroutine<void> {
    try {
      while (true) recording.log(`got ${yield* channel.receive()}`)
    } finally {
      yield* sleep(3)
    }
  }
  await scheduler.run(function* main() {
    const channel = new Channel<number>()
    const from: Task = yield* spawn(producer, channel)
    const to: Task = yield* spawn(consumer, channel)
    yield* sleep(5)
    yield* kill(to)
    yield* join(from)
  })
  return recording.stop()
}

describe('toText', () => {
  it('has a line for each step, with what came of it and why', async () => {
    expect(toText(await recorded())).toMatchInlineSnapshot(`
      "virtual time
       1  0 ms  main#1                                -> spawn(producer)    because it was spawned from outside
       2  0 ms  main#1      producer#2                -> spawn(consumer)    because spawn(producer) was answered at once
       3  0 ms  producer#2                            -> sleep(2)           because main#1 spawned it in step 1
       4  0 ms  main#1      consumer#3                -> sleep(5)           because spawn(consumer) was answered at once
       5  0 ms  consumer#3                            -> channel.receive()  because main#1 spawned it in step 2
       6  2 ms  producer#2                            -> channel.send()     because sleep(2) was over at 2 ms
       7  2 ms  consumer#3  1                         -> channel.receive()  because producer#2 ended its wait for channel.receive() in step 6
            | got 1
       8  2 ms  producer#2                            -> sleep(2)           because channel.send() was answered at once
       9  4 ms  producer#2                            -> channel.send()     because sleep(2) was over at 4 ms
      10  4 ms  consumer#3  2                         -> channel.receive()  because producer#2 ended its wait for channel.receive() in step 9
            | got 2
      11  4 ms  producer#2                            -> sleep(3)           because channel.send() was answered at once
      12  5 ms  main#1                                -> kill(consumer#3)   because sleep(5) was over at 5 ms
      13  5 ms  consumer#3  error Cancelled: consum…  -> sleep(3)           because main#1 cancelled it in step 12
      14  7 ms  producer#2                            -> ends               because sleep(3) was over at 7 ms
      15  8 ms  consumer#3                            -> is killed          because sleep(3) was over at 8 ms
      16  8 ms  main#1                                -> join(producer#2)   because consumer#3, which it waited for, ended in step 15
      17  8 ms  main#1                                -> ends               because join(producer#2) was answered at once
      "
    `)
  })

  it('writes what was printed, typed and warned of below its step', () => {
    const lines = toText(NASTY_TRACE).split('\n')

    expect(lines[0]).toMatch(/^virtual time, seed 3, schedule '<\/script>/)
    expect(lines.slice(2, 5).map((line) => line.slice(0, 8))).toEqual(['      | ', '      < ', '      ! '])
  })

  it('keeps each line one line', () => {
    const text = toText(NASTY_TRACE)

    expect(text.split('\n')).toHaveLength(8)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u202e]/)
    expect(text).toContain('</script>"\'\\n;#&<b>]]>:%% \\u202e\\u2028\\u0000 end')
  })

  it('says what is not in the trace', () => {
    expect(toText(traceOf([]))).toBe('virtual time\n')
    const trace = traceOf([{ e: 'log', text: 'hi', co: null }, resume(1, null, { how: 'return' })], {
      clock: 'real',
      dropped: 7,
    })
    expect(toText(trace)).toBe(
      'real time, 7 older events were dropped\n      | hi\n1  0 ms  task#1  return  -> ?  because of something that is not in the recording\n',
    )
  })

  it('says how callees and tasks have ended', () => {
    const trace = traceOf([
      resume(1, null),
      { e: 'return', co: 1, how: 'error' },
      resume(1, 1, { how: 'error', value: 'Error' }),
      { e: 'return', co: 1, how: 'value' },
      resume(1, 3),
      exit(1, 'threw'),
      resume(2, null),
      exit(2, 'killed'),
      resume(3, null),
      exit(3, 'returned', { value: '7' }),
    ])

    expect(toText(trace).match(/->.*?(?= {2})/g)).toEqual([
      '-> throws',
      '-> returns',
      '-> throws',
      '-> is killed',
      '-> ends with 7',
    ])
  })
})

describe('toMermaid', () => {
  it('has an arrow for what passes between tasks, and notes for time and output', async () => {
    expect(toMermaid(await recorded())).toMatchInlineSnapshot(`
      "sequenceDiagram
        participant t1 as main#35;1
        participant t2 as producer#35;2
        participant t3 as consumer#35;3
        t1-->>t2: spawns
        t1-->>t3: spawns
        Note over t1,t3: 2 ms
        t2-->>t3: channel.receive()
        Note over t3: prints got 1
        Note over t1,t3: 4 ms
        t2-->>t3: channel.receive()
        Note over t3: prints got 2
        Note over t1,t3: 5 ms
        t1-->>t3: cancels
        Note over t1,t3: 8 ms
        t3-->>t1: kill(consumer#35;3)
      "
    `)
  })

  it('draws bytes and connections as solid arrows', () => {
    const io = { e: 'io', step: null, cause: null } as const
    const trace = traceOf([
      spawned(1, 'a'),
      resume(1, 0), // 1
      { e: 'spawn', co: 2, name: 'accept', parent: 1, by: 1, library: true },
      { e: 'res', res: 1, op: 'connect', step: 1 }, // 3
      { ...io, res: 1, op: 'write', bytes: 9, step: 1 },
      resume(2, 2), // 5
      spawned(3, 'c', 2, 5),
      resume(3, 6), // 7: through the task of the library
      { ...io, res: 2, op: 'read', bytes: 9, cause: 4 },
      resume(3, null, { io: 8 }), // 9
      resume(3, null, { io: 8, value: '"hello"' }),
      { ...io, res: 2, op: 'accept', cause: 3 }, // 11
      { e: 'wake', co: 3, by: { kind: 'io', res: 2, op: 'accept', bytes: 0, io: 11 } },
      resume(3, 12), // 13
      { ...io, res: 2, op: 'end', cause: 4 },
      { e: 'wake', co: 3, by: { kind: 'io', res: 2, op: 'end', bytes: 0, io: 14 } }, // 15
      resume(3, 15),
      wake(3, 1, 1), // 17
      resume(3, 17),
    ])

    expect(toMermaid(trace)).toBe(
      [
        'sequenceDiagram',
        '  participant t1 as a#35;1',
        '  participant t3 as c#35;3',
        '  t1-->>t3: spawns',
        '  t1->>t3: 9 bytes',
        '  t1->>t3: #34;hello#34;',
        '  t1->>t3: connects',
        '  t1-->>t3: ends its side',
        '  t1-->>t3: task',
        '',
      ].join('\n'),
    )
  })

  it('escapes what means something to Mermaid', () => {
    const text = toMermaid(NASTY_TRACE)

    expect(text.replaceAll('-->>', '').replace(/#\d+;/g, '')).not.toMatch(/[;#<>"'&%\u2028\u202e]/)
    expect(text.split('\n')).toHaveLength(7)
  })

  it('stops at its limit, and says so', async () => {
    const trace = await recorded()

    expect(toMermaid(trace, { limit: 1 })).toBe(
      'sequenceDiagram\n  participant t1 as main#35;1\n  participant t2 as producer#35;2\n  participant t3 as consumer#35;3\n  t1-->>t2: spawns\n  Note over t1,t3: more follows\n',
    )
    expect(() => toMermaid(trace, { limit: 0 })).toThrow(RangeError)
    expect(toMermaid(traceOf([]))).toBe('sequenceDiagram\n')
  })

  it('writes one task only once in a note', () => {
    const trace = traceOf([spawned(1, 'a'), resume(1, 0), { e: 'log', text: 'x', co: 1, t: 5 }])

    expect(toMermaid(trace)).toContain('  Note over t1: 5 ms\n')
  })
})

describe('toChrome', () => {
  interface ChromeEvent {
    readonly ph: string
    readonly pid: number
    readonly tid: number
    readonly ts: number
    readonly dur?: number
    readonly name: string
    readonly cat?: string
    readonly id?: number
    readonly args?: Record<string, unknown>
  }

  function parsed(trace: Trace): ChromeEvent[] {
    return JSON.parse(toChrome(trace)).traceEvents
  }

  it('has a thread for each task, with slices that do not overlap', async () => {
    const events = parsed(await recorded())
    const names = events.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name)

    expect(names).toEqual(['main#1', 'producer#2', 'consumer#3'])
    for (const tid of [1, 2, 3]) {
      const slices = events.filter((event) => event.ph === 'X' && event.tid === tid)
      for (const [i, { ts, dur = 0 }] of slices.entries()) {
        expect(ts + dur).toBeLessThanOrEqual(slices[i + 1]?.ts ?? Number.POSITIVE_INFINITY)
      }
    }
  })

  it('gives each step a millisecond of its own in virtual time', async () => {
    const runs = parsed(await recorded()).filter(({ cat }) => cat === 'runs')

    expect(runs.map(({ ts }) => ts).sort((a, b) => a - b)).toEqual(runs.map((_, i) => i * 1000))
    expect(new Set(runs.map(({ dur }) => dur))).toEqual(new Set([1000]))
    expect(runs.find(({ ts }) => ts === 2000)).toMatchObject({
      tid: 2,
      name: 'sleep(2)',
      args: { t: 0, step: 3, because: 'main#1 spawned it in step 1' },
    })
  })

  it('has microseconds in real time', () => {
    const trace = traceOf(
      [
        spawned(1, 'a'),
        resume(1, 0, { t: 0.0015 }),
        yields(1, 'sleep(1)', { t: 0.25 }),
        park(1),
        { ...expire(1, 1), t: 1.5 },
      ],
      { clock: 'real' },
    )

    expect(
      parsed(trace).flatMap(({ ph, cat, ts, dur }) => (ph === 'X' ? [`${cat} ${ts} ${dur}`] : [])),
    ).toEqual(['ready 0 1.5', 'runs 1.5 248.5', 'waits 250 1250'])
  })

  it('has an arrow from each cause in another task: its two ends lie in slices', async () => {
    const events = parsed(await recorded())
    const slices = events.filter(({ ph }) => ph === 'X')
    const within = ({ tid, ts }: ChromeEvent) =>
      slices.some((slice) => slice.tid === tid && slice.ts <= ts && ts < slice.ts + (slice.dur ?? 0))
    const starts = events.filter(({ ph }) => ph === 's')

    expect(starts.length).toBeGreaterThan(3)
    for (const start of starts) {
      const end = events.find((event) => event.ph === 'f' && event.id === start.id) as ChromeEvent
      expect(end).toMatchObject({ bp: 'e', cat: start.cat, name: start.name })
      expect(end.ts).toBeGreaterThanOrEqual(start.ts)
      expect(within(start) && within(end)).toBe(true)
    }
  })

  it('has what was printed, and marks a clean-up', async () => {
    const events = parsed(await recorded())

    expect(events.filter(({ ph }) => ph === 'i')).toMatchObject([
      { name: 'got 1', tid: 3, s: 't' },
      { name: 'got 2', tid: 3, s: 't' },
    ])
    expect(events.filter(({ args }) => args?.cleansUp).map(({ name }) => name)).toContain(
      'waits for sleep(3)',
    )
    expect(parsed(traceOf([{ e: 'log', text: 'x', co: null }])).at(-1)).toMatchObject({
      tid: 0,
      s: 'p',
      ts: 0,
    })
  })

  it('may be put into a page', () => {
    expect(toChrome(NASTY_TRACE)).not.toContain('<')
    expect(parsed(NASTY_TRACE).some(({ name }) => name === NASTY)).toBe(true)
  })

  it('shows tasks that were there before', () => {
    const trace = traceOf([{ ...resume(7, null), t: 3 }, yields(7, 'sleep(1)'), park(7), expire(7, 9)], {
      begin: [{ id: 5, name: 'a', state: 'parked', waitsFor: 'recv(1)', spawner: undefined, callees: 0 }],
    })
    const slices = parsed(trace).filter(({ ph }) => ph === 'X')

    expect(slices.map(({ tid, name, ts, dur }) => `${tid} ${name} ${ts} ${dur}`)).toEqual([
      '5 waits for recv(1) 0 1000',
      '7 sleep(1) 0 1000',
    ])
  })
})

describe('toOTLP', () => {
  const spansOf = (text: string) => JSON.parse(text).resourceSpans[0].scopeSpans[0].spans

  it('has a span for each task', async () => {
    const [main, producer, consumer] = spansOf(toOTLP(await recorded()))

    expect(main).toMatchObject({
      traceId: '00000000000000000000000000000001',
      spanId: '0000000000000002',
      name: 'main',
      kind: 1,
      startTimeUnixNano: '0',
      endTimeUnixNano: '8000000',
      status: { code: 1 },
    })
    expect(main).not.toHaveProperty('parentSpanId')
    expect(producer).toMatchObject({ parentSpanId: main.spanId, endTimeUnixNano: '7000000' })
    expect(producer.events[0]).toEqual({ timeUnixNano: '0', name: 'sleep(2)', attributes: [] })
    expect(consumer.attributes).toEqual([
      { key: 'bluelet.task', value: { intValue: '3' } },
      { key: 'bluelet.outcome', value: { stringValue: 'killed' } },
    ])
    expect(consumer.events.map(({ name }: { name: string }) => name)).toContain('cancel')
  })

  it('links a task to those that made it run, with the number of steps', async () => {
    const [main, producer, consumer] = spansOf(toOTLP(await recorded()))

    expect(consumer.links).toMatchObject([
      { spanId: main.spanId, attributes: [{ key: 'bluelet.steps', value: { intValue: '2' } }] },
      { spanId: producer.spanId },
    ])
  })

  it('says what failed, what the library made, and where', () => {
    const [first, second] = spansOf(
      toOTLP(
        traceOf([
          { e: 'spawn', co: 1, name: 'a', parent: null, by: null, at: 'a.ts:1', library: true },
          resume(1, 0),
          yields(1, 'sleep(1)', { at: 'a.ts:2' }),
          { e: 'warn', rule: 'busy', co: 1, msg: 'm' },
          exit(1, 'threw', { error: 'Error: x' }),
          spawned(2, 'b', 9, 1),
          exit(2, 'threw'),
        ]),
      ),
    )

    expect(first.status).toEqual({ code: 2, message: 'Error: x' })
    expect(first.attributes).toMatchObject([
      { key: 'bluelet.task' },
      { key: 'bluelet.spawned_at', value: { stringValue: 'a.ts:1' } },
      { key: 'bluelet.library', value: { boolValue: true } },
      { key: 'bluelet.outcome' },
    ])
    expect(first.events[0].attributes).toEqual([{ key: 'code.stacktrace', value: { stringValue: 'a.ts:2' } }])
    expect(first.events[1]).toMatchObject({ name: 'busy' })
    expect(second.status).toEqual({ code: 2, message: 'Error' })
    expect(second).not.toHaveProperty('parentSpanId')
  })

  it('ends the spans of tasks that have not ended with the trace, and begins with those that were there', () => {
    const [span] = spansOf(
      toOTLP(
        traceOf([
          { ...resume(1, null), t: 2 },
          { ...yields(1, 'x()'), t: 4 },
        ]),
      ),
    )

    expect(span).toMatchObject({
      name: 'task',
      startTimeUnixNano: '2000000',
      endTimeUnixNano: '4000000',
      status: {},
    })
    expect(spansOf(toOTLP(traceOf([])))).toEqual([])
  })

  it('takes the service, the id and the time of the clock, exactly', () => {
    const text = toOTLP(TWO_TASKS, { service: 'echo', traceId: 'a'.repeat(32), epoch: 1_790_000_000_000.5 })

    expect(JSON.parse(text).resourceSpans[0].resource.attributes[0].value.stringValue).toBe('echo')
    expect(spansOf(text)[1]).toMatchObject({
      traceId: 'a'.repeat(32),
      endTimeUnixNano: '1790000000005500000',
    })
  })

  it('refuses an invalid id and an invalid time', () => {
    for (const traceId of ['', 'x'.repeat(32), '0'.repeat(32), 'A'.repeat(32)]) {
      expect(() => toOTLP(TWO_TASKS, { traceId })).toThrow(/^toOTLP: traceId: expected 32 hexadecimal digits/)
    }
    expect(() => toOTLP(TWO_TASKS, { epoch: -1 })).toThrow(RangeError)
  })
})

describe('toSVG', () => {
  /** What is wrong with the tags of a text, and its text without them. */
  function wellFormed(svg: string): string[] {
    const open: string[] = []
    for (const [, end, name = '', rest = ''] of svg.matchAll(/<(\/?)([\w]+)((?:"[^"]*"|[^"<>])*)>/g)) {
      if (end === '/') expect(open.pop()).toBe(name)
      else if (!rest.endsWith('/')) open.push(name)
    }
    expect(svg.replace(/<(?:"[^"]*"|[^"<>])*>/g, '')).not.toMatch(/[<>]/)
    return open
  }

  it('is well-formed, whatever the names are', async () => {
    expect(wellFormed(toSVG(await recorded()))).toEqual([])
    expect(wellFormed(toSVG(await recorded(), { axis: 'time', title: NASTY }))).toEqual([])
    expect(wellFormed(toSVG(NASTY_TRACE))).toEqual([])
    expect(wellFormed(toSVG(traceOf([])))).toEqual([])
  })

  it('shows by shape what a task does: boxes, lines, stripes', async () => {
    const svg = toSVG(await recorded())

    expect(svg.match(/class="runs"/g)?.length).toBeGreaterThan(5)
    for (const style of ['ready', 'waits', 'clean runs', 'clean waits'])
      expect(svg).toContain(`class="${style}"`)
    expect(svg).toContain('stroke-dasharray')
    expect(svg).toContain('prefers-color-scheme:dark')
  })

  it('says in titles what the shapes mean', async () => {
    const svg = toSVG(await recorded())

    expect(svg).toContain('<title id="bl-title">What 3 tasks did in ')
    expect(svg).toContain('producer#2: 6 steps, returned.')
    expect(svg).toContain('<title>consumer#3 waits for channel.receive() from 0 ms</title>')
    expect(svg).toContain(
      '<title>step 3 at 0 ms: producer#2 runs, then sleep(2), because main#1 spawned it in step 1</title>',
    )
    expect(svg).toContain('<title>consumer#3 has been killed</title>')
  })

  it('draws an arrow from each cause in another task, and how tasks ended', async () => {
    expect((await recorded().then((trace) => toSVG(trace))).match(/class="cause"/g)?.length).toBeGreaterThan(
      3,
    )
    const svg = toSVG(traceOf([spawned(1, 'a'), resume(1, 0), exit(1, 'threw')]))
    expect(svg).toContain('a#1 has thrown')
  })

  it('leaves out the tasks of the library, unless they are wanted', () => {
    const trace = traceOf([
      spawned(1, 'a'),
      { e: 'spawn', co: 2, name: 'accept', parent: 1, by: 2, library: true },
      resume(1, 0),
      resume(2, 1),
    ])

    expect(toSVG(trace)).not.toContain('accept#2')
    expect(toSVG(trace, { library: true })).toContain('accept#2')
  })

  it('stops at its limit', async () => {
    const trace = await recorded()

    expect(toSVG(trace, { limit: 2 })).toContain('What 2 tasks did in 2 steps')
    expect(toSVG(trace, { limit: 1, axis: 'time' })).not.toContain('consumer#3')
    expect(toSVG(trace, { limit: 2 }).length).toBeLessThan(toSVG(trace).length)
  })

  it('takes the ids in it, so that a page may have several', () => {
    expect(toSVG(TWO_TASKS, { id: 'p2' })).toContain('<title id="p2-title">')
    expect(() => toSVG(TWO_TASKS, { id: '"><script>' })).toThrow(/^toSVG: id: expected a letter, /)
    expect(() => toSVG(TWO_TASKS, { axis: 'x' as never })).toThrow(
      "toSVG: axis: expected 'steps' or 'time', got \"x\"",
    )
    expect(() => toSVG(TWO_TASKS, { limit: -1 })).toThrow(RangeError)
  })
})
