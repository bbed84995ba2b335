// The frames of coroutines in the stack of an error.
import { type Coroutine, call, sleep, spawn, wait } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { coroutineFrames } from '../../../packages/scheduler/src/diagnostics/call-sites.js'
import { pausing } from '../coroutines.js'
import { failure, rejection, virtually } from '../world.js'
import { added, thrower } from './stack-lines.js'

describe('the frames of an error that ends a run', () => {
  it('include the task below a long yield* chain', async () => {
    const error = failure()
    function* descend(n: number): Coroutine<void> {
      if (n === 0) throw error
      yield* call(descend, n - 1)
    }

    await rejection(virtually(() => descend(1000)))

    expect(error.stack).toContain('in task ')
  })

  it('include a yield* chain once although the error was thrown through two of the same', async () => {
    const error = failure()
    const promise = Promise.reject(error)
    promise.catch(() => {}) // Prevents an unhandled rejection before the run begins.
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

  it('come after the error itself when it has no stack and passes through a yield*', async () => {
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
  ])('of %i characters are extended: %s', async (length, gets) => {
    const error = failure()
    error.stack = 'Error: long'.padEnd(length, '.')

    await rejection(
      virtually(function* main() {
        yield* call(thrower, error)
      }),
    )

    expect(error.stack.includes('at main ')).toBe(gets)
  })

  it('include the yield* chain that the error was thrown through, innermost first', async () => {
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

  it('include the chain of an error that came from a promise', async () => {
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

  it('include no file of the scheduler itself', async () => {
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

  it('include, with the option sites, the file and line of the yield and of the spawn', async () => {
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

  it('include the line of the yield itself', async () => {
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

  it('cost nothing in a task that does not fail: no stack is captured', async () => {
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

describe('coroutineFrames', () => {
  it('finds the coroutines in the lines that the engine writes, with their files as paths', () => {
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

/** The line in this file where `failure()` made the error. */
function lineOf(error: Error): number {
  return Number(/coroutine-frames\.test\.ts:(\d+):/.exec(error.stack as string)?.[1])
}
