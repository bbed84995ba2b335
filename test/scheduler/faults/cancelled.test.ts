// Promise 6: a task is killed only if the scheduler is killing it. Any other `Cancelled` is an
// error.
import {
  all,
  Cancelled,
  type Coroutine,
  call,
  group,
  join,
  kill,
  pause,
  race,
  sleep,
  spawn,
  type Task,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { rejection, virtually } from '../world.js'

/** The `Cancelled` of a task that has been killed, as it came out of it. */
function* caughtFromVictim(): Coroutine<Cancelled> {
  let caught: unknown
  const victim = yield* spawn(function* victim() {
    try {
      yield* sleep(1000)
    } catch (error) {
      caught = error
      throw error
    }
  })
  yield* pause()
  yield* kill(victim)
  expect(victim.outcome).toEqual({ kind: 'killed' })
  return caught as Cancelled
}

function* throwing(error: unknown): Coroutine<never> {
  yield* pause()
  throw error
}

const WAYS: readonly (readonly [string, (stray: Cancelled) => Coroutine<unknown>])[] = [
  ['a task', throwing],
  [
    'a spawned task',
    function* (stray) {
      yield* spawn(throwing, stray)
      yield* sleep(10)
    },
  ],
  [
    'a joined task',
    function* (stray) {
      yield* join(yield* spawn(throwing, stray))
    },
  ],
  [
    'a callee',
    function* (stray) {
      yield* call(throwing, stray)
    },
  ],
  [
    'a promise',
    function* (stray) {
      yield* wait(Promise.reject(stray))
    },
  ],
  [
    'a task of a group',
    function* (stray) {
      yield* group(function* (g) {
        yield* g.spawn(throwing, stray)
        return 'done'
      })
    },
  ],
  [
    'the body of a group',
    function* (stray) {
      yield* group(() => throwing(stray))
    },
  ],
  ['a branch of race', (stray) => yielding(race([throwing(stray), sleep(10)]))],
  ['a branch of all', (stray) => yielding(all([throwing(stray), sleep(10)]))],
  ['a timeout', (stray) => yielding(timeout(10, throwing(stray)))],
  [
    'a task that is being killed itself',
    function* (stray) {
      const task: Task = yield* spawn(function* () {
        try {
          yield* sleep(1000)
        } finally {
          yield* throwing(stray)
        }
      })
      yield* pause()
      yield* kill(task)
    },
  ],
]

function* yielding(event: unknown): Coroutine<unknown> {
  return yield event as never
}

describe('a Cancelled of another task', () => {
  it.each(WAYS)('is an error that ends the run when it is thrown by %s', async (_way, main) => {
    let stray: Cancelled | undefined

    const error = await rejection(
      virtually(function* () {
        stray = yield* caughtFromVictim()
        yield main(stray)
      }),
    )

    expect(error).toBe(stray)
  })

  it('says whose it was and which task has failed with it', async () => {
    const error = await rejection(
      virtually(function* main() {
        const stray = yield* caughtFromVictim()
        yield* spawn(function* follower() {
          throw stray
        })
        yield* sleep(1)
      }),
    )

    expect((error as Error).message).toBe('victim#2 is being killed')
    expect((error as Error).stack).toContain(
      '\n    thrown by a task that is not being killed by it: a Cancelled of another task is an error' +
        '\n    in task follower#3, in its first step',
    )
  })

  it('that the program has made is an error, too', async () => {
    const own = new Cancelled()

    const error = await rejection(virtually(() => throwing(own)))

    expect(error).toBe(own)
  })

  it('reaches the joiner of the task that it has failed', async () => {
    const own = new Cancelled()

    const caught = await virtually(function* () {
      const task = yield* spawn(throwing, own)
      try {
        yield* join(task)
      } catch (error) {
        return error
      }
      return 'nothing was thrown'
    })

    expect(caught).toBe(own)
  })
})

describe('the Cancelled of a task itself', () => {
  it('kills the task although it was caught and thrown later', async () => {
    const outcome = await virtually(function* () {
      const task = yield* spawn(function* () {
        let caught: unknown
        try {
          yield* sleep(1000)
        } catch (error) {
          caught = error
        }
        yield* sleep(10)
        throw caught
      })
      yield* pause()
      yield* kill(task)
      return task.outcome
    })

    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('kills the task out of a callee', async () => {
    const outcome = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield (function* () {
          yield* call(sleeping)
        })()
      })
      yield* pause()
      yield* kill(task)
      return task.outcome
    })

    expect(outcome).toEqual({ kind: 'killed' })
  })
})

function* sleeping(): Coroutine<void> {
  yield* sleep(1000)
}
