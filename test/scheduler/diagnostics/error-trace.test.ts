// Promise 7 of the design: what is printed of an error.
import {
  type Coroutine,
  call,
  end,
  group,
  join,
  kill,
  Latch,
  pause,
  sleep,
  spawn,
  wait,
} from '@bluelet/scheduler'
import { addTrace } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { coroutineFrames } from '../../../packages/scheduler/src/diagnostics/call-sites.js'
import { failure, rejection, virtually } from '../world.js'

/** What was added to an error's stack, line by line. */
function added(error: unknown, before: string | undefined): string[] {
  const { stack = '' } = error as Error
  expect(stack.startsWith(before ?? '')).toBe(true)
  return stack
    .slice(before?.length ?? 0)
    .split('\n')
    .filter((line) => line !== '')
}

describe('the stack of an error that ends a run', () => {
  it('keeps the lines of the error itself, first', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* () {
        throw error
      }),
    )

    expect(error.stack?.startsWith(before as string)).toBe(true)
  })

  it('names the task, and that it was in its first step', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        throw error
      }),
    )

    expect(added(error, before)).toEqual(['    in task main#1, in its first step'])
  })

  it('names the event that the task yielded last', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        yield sleep(10)
        throw error
      }),
    )

    expect(added(error, before)).toEqual(['    in task main#1, after its yield of sleep(10)'])
  })

  it('names the spawners, and what each waits for', async () => {
    const error = failure()
    const before = error.stack
    function* leaf() {
      yield sleep(10)
      throw error
    }
    function* middle() {
      yield spawn(leaf)
      yield sleep(1000)
    }

    await rejection(
      virtually(function* main() {
        const task = yield* spawn(middle)
        yield join(task)
      }),
    )

    expect(added(error, before)).toEqual([
      '    in task leaf#3, after its yield of sleep(10)',
      '    spawned by middle#2, which waits for sleep(1000)',
      '    spawned by main#1, which waits for join(middle#2)',
    ])
  })

  it('says of a spawner that it has ended', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        yield spawn(function* leaf() {
          yield sleep(10)
          throw error
        })
      }),
    )

    expect(added(error, before)).toEqual([
      '    in task leaf#2, after its yield of sleep(10)',
      '    spawned by main#1, which has ended',
    ])
  })

  it('says nothing of what a spawner waits for that does not wait', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        yield spawn(function* leaf() {
          throw error
        })
        yield pause()
      }),
    )

    expect(added(error, before)).toEqual(['    in task leaf#2, in its first step', '    spawned by main#1'])
  })

  it.each([
    ['a function', () => spawn(thrower, failure()), 'spawn(thrower)'],
    ['a coroutine', () => spawn(thrower(failure())), 'spawn()'],
  ])('names a spawn of %s', async (_what, make, name) => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        const task = yield* make()
        task.scheduler.cancel(task)
        throw error
      }),
    )

    expect(added(error, before)).toEqual([`    in task main#1, after its yield of ${name}`])
  })

  it('names no more spawners than people read', async () => {
    const error = failure()
    const before = error.stack
    function* link(n: number): Coroutine<void> {
      if (n === 0) {
        yield sleep(1)
        throw error
      }
      yield spawn(link, n - 1)
      yield sleep(1000)
    }

    await rejection(virtually(() => link(100)))

    expect(added(error, before)).toHaveLength(1 + 8)
  })

  it('tells the story of the task that threw, when a joiner handed the error on', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        const task = yield* spawn(function* child() {
          throw error
        })
        yield join(task)
      }),
    )

    expect(added(error, before).join('\n')).toContain('child#2')
  })

  it('names the task also below a long message or a long stack', async () => {
    const error = failure('long '.repeat(10_000))
    const before = error.stack

    await rejection(
      virtually(function* main() {
        yield sleep(10)
        throw error
      }),
    )

    expect(added(error, before)).toEqual(['    in task main#1, after its yield of sleep(10)'])
  })

  it('names the task also below the frames of a long yield* chain', async () => {
    const error = failure()
    function* descend(n: number): Coroutine<void> {
      if (n === 0) throw error
      yield* call(descend, n - 1)
    }

    await rejection(virtually(() => descend(1000)))

    expect(error.stack).toContain('in task ')
  })

  it.each([
    [end(7), 'end(7)'],
    [end(), 'end()'],
  ])('names an end whose finally fails: %#', async (ending, name) => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        try {
          yield ending
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          throw error
        }
      }),
    )

    expect(added(error, before)).toEqual([`    in task main#1, after its yield of ${name}`])
  })

  it('is told once, though several tasks threw the same object', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* () {
        const latch = new Latch()
        function* failing() {
          yield latch.wait()
          throw error
        }
        yield spawn(failing)
        yield spawn(failing)
        yield pause()
        latch.open()
      }),
    )

    expect(added(error, before).filter((line) => line.includes('in task'))).toHaveLength(1)
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

  it('begins with the error itself, if that has no stack', async () => {
    const error = failure('bare')
    delete error.stack
    Object.defineProperty(error, 'stack', { value: undefined, writable: true })

    await rejection(
      virtually(function* main() {
        throw error
      }),
    )

    expect(error.stack).toBe('Error: bare\n    in task main#1, in its first step')
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

  it('says with the option sites where a root was spawned that fails itself', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(
        function* main() {
          yield sleep(1)
          throw error
        },
        { sites: true },
      ),
    )

    expect(added(error, before)).toEqual([
      expect.stringContaining('    in task main#1, after its yield of sleep(1) at '),
      expect.stringMatching(/^ {4}spawned at .*world\.ts:\d+:\d+/),
    ])
  })

  it('is told in a group too', async () => {
    const error = failure()
    const before = error.stack

    await virtually(function* main() {
      try {
        yield group(function* body(g) {
          yield g.spawn(function* child() {
            yield pause()
            throw error
          })
        })
      } catch {}
    })

    expect(added(error, before)[0]).toBe('    in task child#3, after its yield of pause()')
  })

  it('is left alone when somebody joined for it and caught it', async () => {
    const error = failure()
    const before = error.stack

    await virtually(function* () {
      const task = yield* spawn(function* () {
        throw error
      })
      try {
        yield join(task)
      } catch {}
    })

    expect(error.stack).toBe(before)
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
    expect(frames.every((line) => line.includes('error-trace.test.ts'))).toBe(true)
  })

  it('is none of Cancelled: nobody sees it', async () => {
    let stack: string | undefined

    await virtually(function* () {
      const task = yield* spawn(function* victim() {
        try {
          yield* sleep(10)
        } catch (error) {
          stack = (error as Error).stack
          throw error
        }
      })
      yield pause()
      yield kill(task)
    })

    expect(stack).toContain('Cancelled')
    expect(stack).not.toContain('at victim')
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
    expect(first).toMatch(/^ {4}in task child#2, after its yield of sleep\(10\) at .*trace\.test\.ts:\d+:\d+/)
    expect(second).toMatch(
      /^ {4}spawned by main#1 at .*trace\.test\.ts:\d+:\d+.*, which waits for sleep\(1000\)/,
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

    const found = /trace\.test\.ts:(\d+):/.exec(added(error, before)[0] as string)?.[1]
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

function* thrower(error: Error): Coroutine<void> {
  throw error
}

function* pausing() {
  yield* pause()
}

/** The line in this file where the error was made by `failure()`. */
function lineOf(error: Error): number {
  return Number(/trace\.test\.ts:(\d+):/.exec(error.stack as string)?.[1])
}

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

describe('addTrace', () => {
  it('leaves what is no error, and what is frozen, alone', async () => {
    const task = await virtually(function* () {
      return yield* spawn(pausing)
    })
    const frozen = Object.freeze(failure())
    const before = frozen.stack

    for (const thrown of [undefined, null, 'a string', 42, { stack: 'own' }, frozen]) addTrace(thrown, task)

    expect(frozen.stack).toBe(before)
  })
})
