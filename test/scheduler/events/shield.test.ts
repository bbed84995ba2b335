// Promise 6: `shield`, a coroutine that a kill lets finish.
import {
  type Coroutine,
  group,
  kill,
  pause,
  race,
  Semaphore,
  shield,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

function* value(): Coroutine<string> {
  yield* pause()
  return 'value'
}

eventSuite('shield', {
  *fulfilled() {
    return shield(value)
  },
  value: 'value',
  awaited: () => shield(value),
  *failing(error) {
    return shield(function* () {
      yield* pause()
      throw error
    })
  },
})

describe('a kill of a task in a shield', () => {
  it('waits until the coroutine is done, and comes at the next yield', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          note(
            yield* shield(function* () {
              yield* sleep(20)
              return 'shielded'
            }),
          )
          yield* sleep(100)
          note('not reached')
        } finally {
          note('finally')
        }
      })
      yield* sleep(5)
      yield* kill(task)
      note('killed')
    })

    expect(log).toEqual(['20: shielded', '20: finally', '20: killed'])
  })

  it('lets a finally finish that a kill would interrupt', async () => {
    const semaphore = new Semaphore(1)

    await virtually(function* () {
      const task = yield* spawn(function* () {
        yield* semaphore.acquire()
        try {
          yield* sleep(1)
        } finally {
          yield* shield(function* () {
            yield* sleep(10)
            semaphore.release()
          })
        }
      })
      yield* sleep(5)
      yield* kill(task)
    })

    expect(semaphore.permits).toBe(1)
  })

  it('that has come just before, and has not reached the task, waits for it, too', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield* pause()
        } finally {
          yield* shield(function* () {
            yield* sleep(10)
            note('shielded')
          })
          yield* pause()
          note('not reached')
        }
      })
      yield* pause()
      yield* kill(task)
      note(`${task.outcome?.kind}`)
    })

    expect(log).toEqual(['10: shielded', '10: killed'])
  })

  it.each([
    ['one', (c: () => Coroutine) => shield(c)],
    ['two', (c: () => Coroutine) => shield(() => inner(c))],
  ])('ends the coroutine after the grace period, through %s', async (_title, shielding) => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield* shielding(function* () {
          try {
            yield* sleep(1000)
            note('not reached')
          } finally {
            note('finally')
          }
        })
      })
      yield* sleep(5)
      yield* kill(task, { grace: 30 })
      note(`${task.outcome?.kind}`)
    })

    expect(log).toEqual(['35: finally', '35: killed'])
  })

  function* inner(c: () => Coroutine): Coroutine {
    yield* shield(c)
  }

  it('does not lose its error', async () => {
    const error = failure()

    const thrown = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          yield* shield(function* () {
            yield* sleep(20)
            throw error
          })
        })
        yield* sleep(5)
        yield* kill(task)
      }),
    )

    expect(thrown).toBe(error)
  })
})

describe('a shield', () => {
  it.each([
    ['a race', () => race([shield(goodbye), sleep(5)])],
    ['a timeout', () => timeout(5, shield(goodbye))],
    ['a group that fails', () => failing(shield(goodbye))],
  ])('makes %s wait', async (_title, combine) => {
    const { scheduler, log, note } = world()
    done = () => note('said')

    await scheduler.run(function* () {
      try {
        yield combine()
      } catch {}
      note('over')
    })

    expect(log).toEqual(['20: said', '20: over'])
  })

  it('lasts while the whole run is cancelled', async () => {
    const { scheduler, log, note } = world()
    done = () => note('said')

    const error = await rejection(scheduler.run(failing(shield(goodbye)) as never))

    expect([(error as Error).message, log]).toEqual(['failing', ['20: said']])
  })

  it('is ended in a deadlock', async () => {
    const error = await rejection(
      virtually(function* () {
        yield* shield(function* () {
          const semaphore = new Semaphore(1)
          yield* semaphore.acquire()
          yield* semaphore.acquire()
        })
      }),
    )

    expect((error as Error).name).toBe('DeadlockError')
  })

  let done: () => void
  function* goodbye(): Coroutine<void> {
    yield* sleep(20)
    done()
  }

  function* failing(event: ReturnType<typeof shield<void>>): Coroutine<void> {
    yield* group(function* (g) {
      yield* g.spawn(function* () {
        yield* sleep(5)
        throw failure('failing')
      })
      yield* event
    })
  }
})

describe('a shield', () => {
  it('is not ended by a kill of its task from elsewhere, which waits', async () => {
    const { scheduler, host } = world()

    const value = await scheduler.run(function* () {
      yield* spawn(function* () {
        yield* sleep(10)
        yield* kill([...internals(scheduler).tasks].at(-1) as Task)
      })
      yield* pause()
      return yield* shield(function* () {
        yield* sleep(1000)
        return 'done'
      })
    })

    expect(value).toBe('done')
    expect(host.now()).toBe(1000)
  })
})
