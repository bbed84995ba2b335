// Promise 10: misuse of `run` and of the options and methods of the scheduler.
import { type Coroutine, pause, Scheduler } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { asynchronous, Connection, child, type ErrorClass, wrong } from '../core/misuse-values.js'
import { rejection, virtually, world } from '../world.js'

describe('misuse of the method spawn', () => {
  it('is an error that names it', () => {
    const { scheduler } = world()

    expect(() => scheduler.spawn(wrong(5))).toThrow(
      'spawn(coroutine): expected a coroutine or a function that makes one, got 5',
    )
  })
})

describe('misuse of run', () => {
  const targets: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['a number', () => 5, /run\(.*got 5/],
    ['nothing', () => undefined, /run\(.*undefined/],
    ['an event', () => pause(), /run\(.*event/i],
    ['a promise', () => asynchronous(), /run\(.*Promise/],
    ['an async function', () => asynchronous, /run\(asynchronous\).*function\*/],
    ['a plain function', () => function plain() {}, /run\(plain\).*function\*/],
    ['a function* that yields nothing but is a method', () => new Connection().recv, /run\(recv\)/],
    ['an async generator', () => (async function* () {})(), /run\(/],
  ]
  it.each(targets)('by %s rejects with a TypeError', async (_name, make, message) => {
    const error = await rejection(virtually(wrong(make())))

    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(message)
  })

  it('by a second call rejects, and the first run goes on', async () => {
    const { scheduler } = world()
    const first = scheduler.run(child)

    const error = await rejection(scheduler.run(child))

    expect((error as Error).message).toMatch(/is already running/)
    expect(await first).toBe(1)
  })

  it('by a coroutine that ran before rejects', async () => {
    const coroutine = child()
    await virtually(coroutine)

    const error = await rejection(virtually(coroutine))

    expect((error as Error).message).toMatch(/spawned before/)
  })

  const refused: readonly (readonly [string, (scheduler: Scheduler) => Promise<unknown>])[] = [
    ['a wrong target', (scheduler) => scheduler.run(wrong(5))],
    ['a coroutine that ran before', (scheduler) => scheduler.run(used())],
    ['a wrong grace', (scheduler) => scheduler.run(child, { grace: -1 })],
    ['a wrong signal', (scheduler) => scheduler.run(child, { signal: wrong(new AbortController()) })],
  ]
  it.each(refused)('by %s leaves the scheduler usable for another run', async (_name, misuse) => {
    const { scheduler } = world()
    await rejection(misuse(scheduler))

    const value = await scheduler.run(child)

    expect(value).toBe(1)
  })

  const options: readonly (readonly [string, object, ErrorClass, RegExp])[] = [
    ['budget: { steps: 0 }', { budget: { steps: 0 } }, RangeError, /budget\.steps.*0/],
    ['budget: { steps: 1.5 }', { budget: { steps: 1.5 } }, RangeError, /budget\.steps.*1\.5/],
    ["budget: { steps: '8' }", { budget: { steps: '8' } }, RangeError, /budget\.steps.*8/],
    ['budget: { time: 0 }', { budget: { time: 0 } }, RangeError, /budget\.time.*0/],
    ['budget: { time: NaN }', { budget: { time: Number.NaN } }, RangeError, /budget\.time.*NaN/],
    ["budget: { time: '2' }", { budget: { time: '2' } }, RangeError, /budget\.time.*2/],
    ['budget: 5', { budget: 5 }, TypeError, /budget.*\{ steps, time \}.*5/],
    ['budget: null', { budget: null }, TypeError, /budget.*\{ steps, time \}.*null/],
  ]
  it.each(options)('by the scheduler option { %s } is an error', (_name, option, error, message) => {
    expect(() => new Scheduler(option)).toThrow(error)
    expect(() => new Scheduler(option)).toThrow(message)
  })

  it.each([-1, Number.NaN, '1'])('by a grace of %s rejects with a RangeError', async (grace) => {
    const error = await rejection(virtually(child, { grace: wrong(grace) }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toMatch(/grace/)
  })

  it('by an AbortController in place of its signal rejects with a TypeError that says so', async () => {
    const error = await rejection(virtually(child, { signal: wrong(new AbortController()) }))

    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toMatch(/signal/)
  })
})

function used(): Coroutine {
  const coroutine = child()
  new Scheduler({ host: new VirtualHost({ manual: true }) }).spawn(coroutine)
  return coroutine
}
