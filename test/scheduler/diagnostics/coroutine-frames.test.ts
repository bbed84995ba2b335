// The frames of coroutines in the stack of an error.
import { type Coroutine, call, sleep, spawn, wait } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { coroutineFrames } from '../../../packages/scheduler/src/diagnostics/call-sites.js'
import { failure, rejection, virtually } from '../world.js'
import { added, pausing, thrower } from './traced.js'

describe('the frames of an error that ends a run', () => {
  it('names the task also below the frames of a long yield* chain', async () => {
    const error = failure()
    function* descend(n: number): Coroutine<void> {
      if (n === 0) throw error
      yield* call(descend, n - 1)
    }

    await rejection(virtually(() => descend(1000)))

    expect(error.stack).toContain('in task ')
  })

  it('has the frames of a yield* chain once, though the error was thrown through two of the same', async () => {
    const error = failure()
    const promise = Promise.reject(error)
    promise.catch(() => {}) // Nobody hears of it before the run begins.
    function* failing(): Coroutine<void> {
      yield* wait(promise)
    }

    await rejection(
      virtually(function* () {
        yield spawn(failing)
        yield spawn(failing)
      }),
    )

    expect(error.stack?.match(/at failing /g)).toHaveLength(1)
  })

  it('begins with the error itself, if that has no stack and comes through a yield*', async () => {
    const error = failure('bare')
    Object.defineProperty(error, 'stack', { value: undefined, writable: true })

    await rejection(
      virtually(function* main() {
        yield* call(thrower, error)
      }),
    )

    expect(error.stack).toMatch(/^Error: bare\n {4}at main /)
  })

  it.each([
    [10_000, true],
    [10_001, false],
  ])('of %i characters gets further frames: %s', async (length, gets) => {
    const error = failure()
    error.stack = 'Error: long'.padEnd(length, '.')

    await rejection(
      virtually(function* main() {
        yield* call(thrower, error)
      }),
    )

    expect(error.stack.includes('at main ')).toBe(gets)
  })

  it('has the frames of the yield* chain that the error was thrown through, innermost first', async () => {
    const error = failure()
    const before = error.stack
    function* inner() {
      yield* call(function* () {
        throw error
      })
    }
    function* middle() {
      yield* inner()
    }

    await rejection(
      virtually(function* outer() {
        yield* middle()
      }),
    )

    const frames = added(error, before).filter((line) => line.trim().startsWith('at '))
    expect(frames.map((line) => /at (?:Generator\.)?(\w+)/.exec(line)?.[1])).toEqual([
      'inner',
      'middle',
      'outer',
    ])
    expect(frames.every((line) => line.includes('coroutine-frames.test.ts'))).toBe(true)
  })

  it('has the frames of a chain whose error came from a promise', async () => {
    const error = failure()
    const before = error.stack
    function* helper() {
      yield* call(function* () {
        yield Promise.reject(error)
      })
    }

    await rejection(
      virtually(function* main() {
        yield* helper()
      }),
    )

    const text = added(error, before).join('\n')
    expect(text).toMatch(/at .*helper/)
    expect(text).toMatch(/at .*main/)
  })

  it('names no file of the scheduler itself', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        yield* call(function* () {
          yield* sleep(1)
          throw error
        })
      }),
    )

    expect(added(error, before).join('\n')).not.toContain('packages/scheduler')
  })

  it('says with the option sites in which file and line the task yielded and was spawned', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(
        function* main() {
          yield spawn(function* child() {
            yield sleep(10)
            throw error
          })
          yield sleep(1000)
        },
        { sites: true },
      ),
    )

    const [first, second, ...more] = added(error, before)
    expect(more).toEqual([])
    expect(first).toMatch(
      /^ {4}in task child#2, after its yield of sleep\(10\) at .*coroutine-frames\.test\.ts:\d+:\d+/,
    )
    expect(second).toMatch(
      /^ {4}spawned by main#1 at .*coroutine-frames\.test\.ts:\d+:\d+.*, which waits for sleep\(1000\)/,
    )
  })

  it('says the line of the yield, not another one', async () => {
    const error = failure()
    const before = error.stack
    let line = 0

    await rejection(
      virtually(
        function* main() {
          line = lineOf(failure())
          yield sleep(10)
          throw error
        },
        { sites: true },
      ),
    )

    const found = /coroutine-frames\.test\.ts:(\d+):/.exec(added(error, before)[0] as string)?.[1]
    expect(Number(found)).toBe(line + 1)
  })

  it('costs a task that does not fail nothing: no stack is captured', async () => {
    let captured = 0
    const { prepareStackTrace } = Error
    Error.prepareStackTrace = (error, frames) => {
      captured++
      return prepareStackTrace?.(error, frames) ?? String(error)
    }

    await virtually(function* () {
      for (let i = 0; i < 100; i++) yield* call(pausing)
    })

    Error.prepareStackTrace = prepareStackTrace as NonNullable<typeof prepareStackTrace>
    expect(captured).toBe(0)
  })
})

describe('the coroutines on the stack', () => {
  it('are found in the lines that the engine writes, their files as paths', () => {
    const { prepareStackTrace } = Error
    Error.prepareStackTrace = () =>
      [
        'Error',
        '    at helper (file:///home/me/app.js:1:2)',
        '    at inner (file:///home/me/app.js:3:4)',
        '    at inner.next (<anonymous>)',
        '    at outer (/home/me/main.js:5:6)',
        '    at Object.throw (<anonymous>)',
      ].join('\n')

    const frames = coroutineFrames()

    Error.prepareStackTrace = prepareStackTrace as NonNullable<typeof prepareStackTrace>
    expect(frames).toEqual(['inner (/home/me/app.js:3:4)', 'outer (/home/me/main.js:5:6)'])
  })
})

/** The line in this file where the error was made by `failure()`. */
function lineOf(error: Error): number {
  return Number(/coroutine-frames\.test\.ts:(\d+):/.exec(error.stack as string)?.[1])
}
