// Groups that fail or are cancelled.

import {
  type Coroutine,
  type Group,
  group,
  join,
  KilledError,
  kill,
  pause,
  race,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { after, failAfter } from '../coroutines.js'
import { failure, rejection, virtually, world } from '../world.js'

describe('a group that fails', () => {
  it('cancels the other tasks when a task fails, waits for their clean-up, and throws the error', async () => {
    const { scheduler, log, note } = world()
    const error = failure()

    const caught = await scheduler.run(function* () {
      try {
        yield group(function* (g) {
          yield g.spawn(function* () {
            try {
              yield sleep(1000)
            } finally {
              yield sleep(5)
              note('cleaned up')
            }
          })
          yield g.spawn(failAfter, 10, error)
        })
      } catch (caught) {
        note('caught')
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
    expect(log).toEqual(['15: cleaned up', '15: caught'])
  })

  it('cancels its tasks when its body fails', async () => {
    const { scheduler, host } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        yield group(function* (g) {
          yield g.spawn(after, 1000, 1)
          yield sleep(10)
          throw error
        })
      }),
    )

    expect(caught).toBe(error)
    expect(host.now()).toBe(10)
  })

  it('cancels its body when a task fails', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      try {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, failure())
          try {
            yield sleep(1000)
          } finally {
            note('body')
          }
        })
      } catch {}
    })

    expect(log).toEqual(['10: body'])
  })

  it('throws several errors in an AggregateError, in the order in which they were thrown', async () => {
    const first = failure('first')
    const second = failure('second')

    const caught = await rejection(
      virtually(function* () {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, first)
          try {
            yield sleep(1000)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw second
          }
        })
      }),
    )

    expect(caught).toBeInstanceOf(AggregateError)
    expect((caught as AggregateError).errors).toEqual([first, second])
    expect((caught as AggregateError).message).toBe('2 tasks of a group failed: Error: first; Error: second')
  })

  it('traces an error once although two of its tasks threw it', async () => {
    const error = failure()

    await virtually(function* () {
      try {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, error)
          yield g.spawn(failAfter, 10, error)
        })
      } catch {}
    })

    expect(error.stack?.match(/in task/g)).toHaveLength(1)
  })

  it('throws the error of its body although a task joined the body', async () => {
    const error = failure()
    const body = failAfter(10, error)

    const caught = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          yield pause()
          try {
            yield join(body)
          } catch {}
        })
        yield group(() => body)
      }),
    )

    expect(caught).toBe(error)
  })

  it('gives a task that a clean-up spawned its grace period although another task fails meanwhile', async () => {
    const { scheduler, log, note } = world()
    function* lateTask(): Coroutine<void> {
      yield sleep(10)
      note('late task is done')
    }

    await rejection(
      scheduler.run(function* () {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, failure('first'))
          try {
            yield sleep(1000)
          } finally {
            yield spawn(lateTask)
            yield sleep(1)
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw failure('second')
          }
        })
      }),
    )

    expect(log).toEqual(['20: late task is done'])
  })

  it('throws an error once although two of its tasks threw it', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield group(function* (g) {
          const task = yield* g.spawn(failAfter, 10, error)
          yield join(task)
        })
      }),
    )

    expect(caught).toBe(error)
  })

  it('does not receive an error that a task joins for', async () => {
    const value = await virtually(function* () {
      return yield* group(function* (g) {
        const task = yield* g.spawn(failAfter, 10, failure())
        try {
          yield join(task)
        } catch {
          return 'handled'
        }
        return undefined
      })
    })

    expect(value).toBe('handled')
  })

  it('keeps a caught error from the run', async () => {
    const value = await virtually(function* () {
      try {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, failure())
        })
      } catch {}
      yield sleep(10)
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('in a group passes its error to the outer group, where its task runs', async () => {
    const { scheduler, log, note } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        yield group(function* (outer) {
          yield outer.spawn(function* () {
            try {
              yield sleep(1000)
            } finally {
              note('outer task')
            }
          })
          yield group(function* (inner) {
            yield inner.spawn(failAfter, 10, error)
          })
        })
      }),
    )

    expect(caught).toBe(error)
    expect(log).toEqual(['10: outer task'])
  })

  it('throws KilledError when its body is killed', async () => {
    const error = await rejection(
      virtually(function* () {
        let body: Task | undefined
        const killer = yield* spawn(function* () {
          yield sleep(10)
          yield kill(body as Task)
        })
        const scheduler = internals(killer)
        yield group(function* body_() {
          const { id } = scheduler.snapshot().find(({ name }) => name === 'body_') ?? { id: 0 }
          body = [...scheduler.tasks].find((task) => task.id === id)
          yield sleep(1000)
        })
      }),
    )

    expect(error).toEqual(new KilledError('body_#3 was killed, so its group has no value'))
  })
})

describe('a group that is cancelled', () => {
  it('gives the value of its body although the body is being killed', async () => {
    const value = await virtually(function* () {
      return yield* timeout(
        10,
        group(function* () {
          try {
            yield sleep(1000)
          } catch {}
          return 'in the end'
        }),
      )
    })

    expect(value).toBe('in the end')
  })

  it('that is left by killing its task waits for the clean-up of its tasks', async () => {
    const { scheduler, log, note } = world()
    function* worker(ms: number) {
      try {
        yield sleep(1000)
      } finally {
        yield sleep(ms)
        note(`worker ${ms}`)
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield group(function* (g) {
            yield g.spawn(worker, 5)
            yield g.spawn(worker, 20)
          })
        } finally {
          note('owner')
        }
      })
      yield sleep(10)
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['15: worker 5', '30: worker 20', '30: owner', '30: killer'])
  })

  it('by cancel() kills every task except the body, which goes on', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield group(function* (g) {
        yield g.spawn(function* () {
          try {
            yield sleep(1000)
          } finally {
            note('task')
          }
        })
        yield sleep(10)
        g.cancel()
        yield sleep(10)
        note('body')
      })
      note('group')
    })

    expect(log).toEqual(['10: task', '20: body', '20: group'])
  })

  it('by cancel() spares the branches of a race of the body', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield group(function* (g) {
        yield g.spawn(after, 1000, 1)
        const value = yield* race([
          (function* () {
            yield sleep(10)
            g.cancel()
            yield sleep(10)
            return 'done'
          })(),
          sleep(100),
        ])
        note(`${value}`)
      })
    })

    expect(log).toEqual(['20: done'])
  })

  it('leaves no timer behind when a clean-up in it spawned a task', async () => {
    const { scheduler } = world()

    const timers = await scheduler.run(function* () {
      try {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, failure())
          try {
            yield sleep(1000)
          } finally {
            yield spawn(after, 1, 1)
          }
        })
      } catch {}
      return internals(scheduler).timers.size
    })

    expect(timers).toBe(0)
  })

  it('cancels the tasks that its clean-up spawned, after the grace period', async () => {
    const { scheduler, host } = world()

    await scheduler.run(
      function* () {
        try {
          yield group(function* (g) {
            yield g.spawn(failAfter, 10, failure())
            try {
              yield sleep(1000)
            } finally {
              yield spawn(after, 1e9, 1)
            }
          })
        } catch {}
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(110)
  })
})

describe('a spawn into a group that has failed', () => {
  it('is cancelled at its first wait when it comes from outside', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      let pool: Group | undefined
      yield* spawn(function* outside() {
        yield* sleep(50)
        yield* pool!.spawn(function* job() {
          note('job begins')
          try {
            yield* sleep(60_000)
          } finally {
            note('job ends')
          }
        })
      })
      try {
        yield* group(function* (g) {
          pool = g
          yield* g.spawn(function* () {
            yield* sleep(10)
            throw failure('failed at 10')
          })
          try {
            yield* sleep(1000)
          } finally {
            yield* sleep(100)
          }
        })
      } catch (error) {
        note(`${error}`)
      }
    })

    expect(log).toEqual(['50: job begins', '50: job ends', '110: Error: failed at 10'])
  })
})
