// What the worker makes of a program: the same each time, inputs at their moments, and an end for
// every program.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Input, reportIn } from '../../site/learn/playground/protocol.js'
import { decode, encode, type Shared, sharedIn } from '../../site/learn/playground/share.js'
import { outputOf, play, program } from './headless.js'
import { BUSY, RACE, SHOUTER } from './programs.js'

describe('a run', () => {
  it('is the same each time, and another one with another seed', async () => {
    const [a, b, c] = await Promise.all([
      play(program(BUSY)),
      play(program(BUSY)),
      play(program(BUSY), { settings: { seed: 2 } }),
    ])

    expect(a.trace.events).toEqual(b.trace.events)
    expect(a.trace.events).not.toEqual(c.trace.events)
  })

  it('has the world of the page', async () => {
    const text = `console.log(Date.now() - Date.now(), new Date().getUTCFullYear(), typeof process.env, performance.now())
setTimeout((word: string) => console.log(word, performance.now()), 3_600_000 / 1000, 'later')
setImmediate(() => console.log('soon'))
const again = setInterval(() => { console.log('tick'); clearInterval(again) }, 100)
clearTimeout(setTimeout(() => console.log('never'), 10))
`
    const { trace, end } = await play(program(text))

    expect(outputOf(trace)).toBe('0 2026 object 0\nsoon\ntick\nlater 3600\n')
    expect(end).toEqual({ how: 'returned' })
  })

  it('takes the latency and the order that the page gives', async () => {
    const slow = await play(program(BUSY), { settings: { latency: 50 } })
    const shuffled = await play(program(BUSY), { settings: { shuffle: true, fragment: true } })

    expect(slow.trace.events.find((event) => event.e === 'log')?.t).toBeGreaterThan(100)
    expect(shuffled.trace.events).not.toEqual((await play(program(BUSY))).trace.events)
  })

  it('waits for clients, and answers a terminal', async () => {
    const inputs: Input[] = [
      { t: 0, id: 'terminal 1', data: 'hello\n' },
      { t: 20, id: 'terminal 1', data: 'you\n' },
      { t: 20, id: 'terminal 2', data: 'me\n' },
      { t: 40, id: 'terminal 1', data: null },
    ]

    const { trace, terminals, end, listens } = await play(program(SHOUTER), { inputs })

    expect(end).toEqual({ how: 'waits' })
    expect(listens).toBe(true)
    expect(outputOf(trace)).toBe('hello\nyou\nme\n')
    const of = (id: string) => terminals.filter((line) => line.id === id && line.kind === 'received')
    expect(of('terminal 1').map(({ text }) => text)).toEqual(['HELLO\n', 'YOU\n'])
    expect(of('terminal 2').map(({ text }) => text)).toEqual(['ME\n'])
    expect(terminals.at(-1)).toMatchObject({ id: 'terminal 1', kind: 'note' })
    expect(trace.header.inputs?.map(({ t }) => t)).toEqual([0, 20, 20, 40])
  })

  it('is the same before anything is typed', { timeout: 110_000 }, async () => {
    const plain = await play(program(BUSY))
    const last = plain.trace.events.at(-1)?.t ?? 0

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: Math.ceil(last) }),
        fc.string({ maxLength: 20 }),
        fc.boolean(),
        async (t, text, shuffle) => {
          const settings = { shuffle }
          const before = shuffle ? await play(program(BUSY), { settings }) : plain
          const inputs = [{ t, id: 'terminal 1', data: `${text}\n` }]

          const { trace } = await play(program(BUSY), { inputs, settings })

          const earlier = (all: typeof trace.events) => all.filter((event) => event.t < t)
          expect(earlier(trace.events)).toEqual(earlier(before.trace.events))
          if (t < last) expect(trace.events).not.toEqual(before.trace.events)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('explore', () => {
  it('finds an order in which a race fails, and the run under it does', async () => {
    const { explored, end } = await play(program(RACE), { kind: 'explore' })
    const { failing } = explored ?? {}

    expect(failing).toMatch(/^[\d.]*$/)
    expect(end.message).toMatch(/the balance is/)
    const again = await play(program(RACE), { schedule: failing ?? '' })
    expect(again.end.message).toBe(end.message)
    expect(again.trace.header.schedule).toBe(failing)
  })

  it('tries every order of a program that never fails', async () => {
    const right = RACE.replace('const before = balance\n', '').replace('before + amount', 'balance + amount')

    const { explored, end } = await play(program(right), { kind: 'explore' })

    expect(explored).toMatchObject({ failing: null, all: true })
    expect(explored?.runs).toBeGreaterThan(1)
    expect(end.how).toBe('returned')
  })
})

describe('a link', () => {
  const shared: Shared = {
    program: program(BUSY),
    settings: { seed: 3, latency: 5, fragment: true, shuffle: true },
  }

  it('contains the program and the settings, in fewer characters', async () => {
    const text = await encode(shared)

    expect(text.length).toBeLessThan(BUSY.length)
    expect(text).toMatch(/^[\w-]+$/)
    expect(await decode(text)).toEqual(shared)
  })

  it.each(['', 'x', 'AAAA', '%%%', 'bm8gZGVmbGF0ZQ'])('that is damaged is refused: %j', async (text) => {
    await expect(decode(text)).rejects.toThrow(SyntaxError)
  })

  it('that is cut off is refused', async () => {
    const text = await encode(shared)

    await expect(decode(text.slice(0, text.length / 2))).rejects.toThrow('damaged')
  })

  it('that inflates to megabytes is refused', async () => {
    const text = await encode({ ...shared, program: program('a'.repeat(5_000_000)) })

    expect(text.length).toBeLessThan(20_000)
    await expect(decode(text)).rejects.toThrow(SyntaxError)
  })
})

describe('what comes from a program', () => {
  it('is a report or nothing', () => {
    const good = { end: { how: 'hang', line: 3 }, trace: '', terminals: [], listens: false }
    expect(reportIn(good)).toEqual(good)
    expect(reportIn({ ...good, end: { how: 'owned', line: 3 } })).toBeNull()
    expect(reportIn({ ...good, trace: 1 })).toBeNull()
    expect(reportIn({ ...good, explored: { runs: 1, failing: '<b>', all: true } })).toEqual(good)
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (value, end) => {
        reportIn(value)
        const report = reportIn({ ...good, end, terminals: [value] })
        if (report !== null) expect(report.terminals.length).toBeLessThanOrEqual(1)
        const shared = sharedIn(value)
        if (shared !== null) expect(typeof shared.program.main).toBe('string')
      }),
    )
  })
})
