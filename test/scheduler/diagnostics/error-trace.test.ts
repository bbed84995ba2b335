// What the stack of an error says about the task that threw it and about its spawners.

import { type Coroutine, end, group, join, kill, Latch, pause, sleep, spawn } from '@bluelet/scheduler'
import { addTrace } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { pausing } from '../coroutines.js'
import { failure, rejection, virtually } from '../world.js'
import { added, thrower } from './stack-lines.js'

describe('the stack of an error that ends a run', () => {
  it('begins with the lines of the error itself', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* () {
        throw error
      }),
    )

    expect(error.stack?.startsWith(before as string)).toBe(true)
  })

  it('names the task and says that it was in its first step', async () => {
    const error = failure()
    const before = error.stack

    await rejection(
      virtually(function* main() {
        throw error
      }),
    )

    expect(added(error, before)).toEqual(['    in task main#1, in its first step'])
  })

  it('names the last event that the task yielded', async () => {
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

  it('names the spawners and their waits', async () => {
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

  it('says that a spawner has ended', async () => {
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

  it('does not name a wait of a spawner that is not waiting', async () => {
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
        internals(task).cancel(task)
        throw error
      }),
    )

    expect(added(error, before)).toEqual([`    in task main#1, after its yield of ${name}`])
  })

  it('names only a readable number of spawners', async () => {
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

  it('describes the task that threw when a joiner passes the error on', async () => {
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

  it('names the task even below a long message or a long stack', async () => {
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

  it.each([
    [end(7), 'end(7)'],
    [end(), 'end()'],
  ])('names an end whose finally block fails: %#', async (ending, name) => {
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

  it('is extended once although several tasks threw the same object', async () => {
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

  it('begins with the error itself if it has no stack', async () => {
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

  it('shows, with the option sites, where a failing root was spawned', async () => {
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

  it('is extended in a group too', async () => {
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

  it('is left unchanged when a task joined for the error and caught it', async () => {
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

  it('is left unchanged for Cancelled, which is not reported', async () => {
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
})

describe('addTrace', () => {
  it('leaves values that are not errors, and frozen errors, unchanged', async () => {
    const task = await virtually(function* () {
      return yield* spawn(pausing)
    })
    const frozen = Object.freeze(failure())
    const before = frozen.stack

    for (const thrown of [undefined, null, 'a string', 42, { stack: 'own' }, frozen]) addTrace(thrown, task)

    expect(frozen.stack).toBe(before)
  })
})
