// What ends with a task: after its coroutine, and before the task itself.

import {
  AbandonedError,
  all,
  type Coroutine,
  type Event,
  group,
  join,
  kill,
  pause,
  race,
  shield,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { type EventHandler, endWith, event, type Timers, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { FOREVER_MS } from '../coroutines.js'
import { failure, rejection, type World, world } from '../world.js'

interface Opened {
  /** The resource has ended by itself. */
  release(): void
}

/** An event that opens a resource of the waiting task, which takes some time to end. */
function open({ note }: World, name: string, ms = 10, errors: unknown[] = []): Event<Opened> {
  const OPEN: EventHandler<undefined, void, Opened> = {
    name: 'open',
    enter(waiter: Waiter<Opened>) {
      const { timers, now } = runtime(waiter)
      let ends: ((errors: readonly unknown[]) => void) | undefined
      const finish = () => {
        const ended = ends
        ends = undefined
        if (ended !== undefined) note(`${name} has ended`)
        ended?.(errors)
      }
      const release = endWith(waiter.task, {
        end(grace, ended) {
          note(`end ${name} within ${grace}`)
          ends = ended
          if (ms === 0) finish()
          else timers.add(now() + ms, finish, undefined)
        },
        hasten(grace) {
          note(`hasten ${name}: ${grace}`)
          if (grace === 0) finish()
        },
        toString: () => name,
      })
      waiter.resume({ release })
    },
    withdraw() {},
  }
  return event(OPEN, undefined)
}

function runtime({ scheduler }: Waiter): { timers: Timers; now: () => number } {
  return { timers: scheduler.timers, now: () => scheduler.now() }
}

describe('a resource', () => {
  it('ends after the coroutine of its task, and before the task', async () => {
    const here = world()

    const value = await here.scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield open(here, 'a')
          return 'value'
        } finally {
          here.note('clean-up')
        }
      })
      const value = yield* join(task)
      here.note('joined')
      return value
    })

    expect(value).toBe('value')
    expect(here.log).toEqual(['0: clean-up', '0: end a within Infinity', '10: a has ended', '10: joined'])
  })

  it('ends at once if it can', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      yield open(here, 'a', 0)
      yield open(here, 'b', 0)
    })

    expect(here.log).toEqual([
      '0: end b within Infinity',
      '0: b has ended',
      '0: end a within Infinity',
      '0: a has ended',
    ])
  })

  it('ends beside the others of its task, the last one first', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      yield* all([open(here, 'a'), open(here, 'b', 20)])
    })

    expect(here.log).toEqual([
      '0: end b within Infinity',
      '0: end a within Infinity',
      '10: a has ended',
      '20: b has ended',
    ])
  })

  it('that has ended by itself is taken back', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      const { release } = yield* open(here, 'a')
      release()
      release()
    })

    expect(here.log).toEqual([])
  })

  it('is what the task waits for, in a snapshot', async () => {
    const here = world()

    const waits = await here.scheduler.run(function* () {
      yield* spawn(function* () {
        yield open(here, 'a')
        yield open(here, 'b')
      })
      yield sleep(1)
      return here.scheduler.snapshot().map(({ waitsFor }) => waitsFor)
    })

    expect(waits).toContain('the end of a, b')
  })

  it('ends when its task fails, which then fails with its own error', async () => {
    const here = world()
    const error = failure()

    const thrown = await rejection(
      here.scheduler.run(function* () {
        yield open(here, 'a')
        throw error
      }),
    )

    expect(thrown).toBe(error)
    expect(here.log).toEqual(['0: end a within Infinity', '10: a has ended'])
  })

  it('that fails to end fails its task', async () => {
    const here = world()
    const [first, second] = [failure('first'), failure('second')]

    const thrown = await rejection(
      here.scheduler.run(function* () {
        yield open(here, 'a', 1, [first])
        yield open(here, 'b', 2, [second])
      }),
    )

    expect((thrown as AggregateError).errors).toEqual([second, first])
  })

  it('that fails to end adds its error to that of its task', async () => {
    const here = world()
    const [own, other] = [failure('own'), failure('other')]

    const thrown = await rejection(
      here.scheduler.run(function* () {
        yield open(here, 'a', 1, [other])
        throw own
      }),
    )

    expect(new Set((thrown as AggregateError).errors)).toEqual(new Set([own, other]))
  })
})

describe('a resource of a task that is killed', () => {
  it('ends within what the kill has left of its grace period, and the kill waits for it', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield open(here, 'a')
          yield sleep(FOREVER_MS)
        } finally {
          yield sleep(30)
        }
      })
      yield pause()
      yield pause()
      yield kill(task, { grace: 100 })
      here.note('killed')
      expect(task.outcome).toEqual({ kind: 'killed' })
    })

    expect(here.log).toEqual(['30: end a within 70', '40: a has ended', '40: killed'])
  })

  it('is not given up when the grace period is over', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield open(here, 'a')
          yield sleep(FOREVER_MS)
        } finally {
          yield sleep(FOREVER_MS)
        }
      })
      yield sleep(1)
      yield kill(task, { grace: 100 })
      here.note('killed')
      expect(task.outcome).toEqual({ kind: 'killed' })
    })

    // The task is forced at 101, and then has nothing left of it.
    expect(here.log).toEqual(['101: end a within 0', '101: hasten a: 0', '101: a has ended', '101: killed'])
  })

  it('is hastened if it is ending already', async () => {
    const here = world()

    const outcome = await here.scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield open(here, 'a', FOREVER_MS)
        return 1
      })
      yield sleep(1)
      yield* all([kill(task, { grace: 100 }), kill(task, { grace: 50 }), kill(task, { grace: 0 })])
      return task.outcome
    })

    // Its coroutine had returned.
    expect(outcome).toEqual({ kind: 'returned', value: 1 })
    expect(here.log).toEqual([
      '0: end a within Infinity',
      '1: hasten a: 100',
      '1: hasten a: 50',
      '1: hasten a: 0',
      '1: a has ended',
    ])
  })

  it('ends although the task refuses to end, and is abandoned', async () => {
    const here = world()
    const stubborn = here.log.length === 0 // True. The formatter would drop a plain `continue`.

    const thrown = await here.scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield open(here, 'a')
        while (true) {
          try {
            yield pause()
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            if (stubborn) continue
          }
        }
      })
      yield pause()
      return yield* thrownBy(kill(task, { grace: 0 }))
    })

    expect(thrown).toBeInstanceOf(AbandonedError)
    expect(here.log).toEqual(['0: end a within 0', '0: hasten a: 0', '0: a has ended'])
  })

  it('ends with its group, when another task of it fails', async () => {
    const here = world()
    const error = failure()

    const thrown = await rejection(
      here.scheduler.run(function* () {
        yield* group(function* (g) {
          yield* g.spawn(function* () {
            yield open(here, 'a')
            yield sleep(FOREVER_MS)
          })
          yield sleep(1)
          throw error
        })
      }),
    )

    expect(thrown).toBe(error)
    expect(here.log).toEqual(['1: end a within 5000', '11: a has ended'])
  })
})

describe('a resource of a branch', () => {
  const parts: [string, (part: () => Coroutine<string>) => Event][] = [
    ['a timeout', (part) => timeout(100, part())],
    ['a race', (part) => race([part(), sleep(100)])],
    ['an all', (part) => all([part(), sleep(1)])],
    ['a shield', (part) => shield(part)],
  ]

  it.each(parts)('of %s that returns ends with the task that waits for it', async (_what, combined) => {
    const here = world()

    await here.scheduler.run(function* () {
      yield combined(function* () {
        yield open(here, 'a')
        return 'opened'
      })
      yield sleep(10)
      here.note('end of the task')
    })

    expect(here.log.slice(-3).map((line) => line.replace(/^\d+: /, ''))).toEqual([
      'end of the task',
      'end a within Infinity',
      'a has ended',
    ])
    expect(here.log).toHaveLength(3)
  })

  it('that fails ends with the branch', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      yield* thrownBy(
        race([
          (function* () {
            yield open(here, 'a')
            throw failure()
          })(),
        ]),
      )
      here.note('caught')
    })

    expect(here.log).toEqual(['0: end a within Infinity', '10: a has ended', '10: caught'])
  })

  it('that is cut by a timeout ends before the error comes, even if the branch then returns', async () => {
    const here = world()

    await here.scheduler.run(function* () {
      yield* thrownBy(
        timeout(
          5,
          (function* () {
            yield open(here, 'a')
            try {
              yield sleep(FOREVER_MS)
            } catch {}
          })(),
        ),
      )
      here.note('caught')
    })

    expect(here.log).toEqual(['5: end a within 5000', '15: a has ended', '15: caught'])
  })
})

/** The error that an event throws. */
function* thrownBy(event: Event): Coroutine<unknown> {
  try {
    yield event
  } catch (error) {
    return error
  }
  return undefined
}
