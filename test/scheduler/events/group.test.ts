import {
  type Coroutine,
  type Group,
  group,
  join,
  KilledError,
  kill,
  pause,
  race,
  type Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

function* after<T>(ms: number, value: T): Coroutine<T> {
  yield sleep(ms)
  return value
}

function* failAfter(ms: number, error: Error): Coroutine<never> {
  yield sleep(ms)
  throw error
}

eventSuite('group', {
  *fulfilled() {
    return group(function* (g) {
      yield g.spawn(after, 10, 1)
      return 42
    })
  },
  value: 42,
  awaited: () =>
    group(function* (g) {
      yield g.spawn(after, 0, 1)
      return 42
    }),
  *waiting() {
    return group(function* (g) {
      yield g.spawn(after, 1e12, 1)
      yield sleep(1e12)
    })
  },
  *failing(error) {
    return group(function* (g) {
      yield g.spawn(failAfter, 10, error)
      yield sleep(1e12)
    })
  },
})

describe('group', () => {
  it('gives what its body returns', async () => {
    const value = await virtually(function* () {
      return yield* group(function* () {
        return 42
      })
    })

    expect(value).toBe(42)
  })

  it('returns when its last task has ended', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield group(function* (g) {
        yield g.spawn(after, 30, 1)
        yield g.spawn(after, 10, 1)
        note('body')
      })
      note('group')
    })

    expect(log).toEqual(['0: body', '30: group'])
  })

  it('owns what is spawned in it by plain spawn, and what those spawn', async () => {
    const { scheduler, log, note } = world()
    function* parent() {
      yield spawn(after, 20, 1)
    }

    await scheduler.run(function* () {
      yield group(function* () {
        yield spawn(parent)
      })
      note('group')
    })

    expect(log).toEqual(['20: group'])
  })

  it('owns what another task spawns into it', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      let g: Group | undefined
      yield spawn(function* () {
        yield sleep(5)
        yield (g as Group).spawn(after, 20, 1)
      })
      yield group(function* (own) {
        g = own
        yield sleep(10)
      })
      note('group')
    })

    expect(log).toEqual(['25: group'])
  })

  it('cancels the others when a task fails, waits for their clean-up, and throws the error', async () => {
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

  it('throws several errors in an AggregateError, first the one that came first', async () => {
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

  it('tells the story of one error once, although two tasks of it threw it', async () => {
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

  it('throws the error of its body, although somebody joined for that', async () => {
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

  it('leaves what a clean-up has spawned its grace period, though another task fails meanwhile', async () => {
    const { scheduler, log, note } = world()
    function* straggler(): Coroutine<void> {
      yield sleep(10)
      note('straggler is done')
    }

    await rejection(
      scheduler.run(function* () {
        yield group(function* (g) {
          yield g.spawn(failAfter, 10, failure('first'))
          try {
            yield sleep(1000)
          } finally {
            yield spawn(straggler)
            yield sleep(1)
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw failure('second')
          }
        })
      }),
    )

    expect(log).toEqual(['20: straggler is done'])
  })

  it('gives what its body returns although it is being killed', async () => {
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

  it('calls its body only when it is yielded, anew each time', async () => {
    let calls = 0
    const counting = group(function* () {
      calls++
    })
    const before = calls

    await virtually(function* () {
      yield counting
      yield counting
    })

    expect([before, calls]).toEqual([0, 2])
  })

  it('names the task of its body after the function, or group if that has no name', async () => {
    const names = await virtually(function* () {
      const nameOf = (scheduler: Scheduler) => scheduler.snapshot().at(-1)?.name
      const { scheduler } = yield* spawn(function* () {})
      const named = yield* group(function* body() {
        return nameOf(scheduler)
      })
      const nameless = yield* group(function* () {
        return nameOf(scheduler)
      })
      return [named, nameless]
    })

    expect(names).toEqual(['body', 'group'])
  })

  it('throws one error once, although two tasks of it threw it', async () => {
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

  it('does not hear of an error that is joined for', async () => {
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

  it('keeps an error from the run, if it is caught', async () => {
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

  it('in a group hands its error to the outer one, where its task runs', async () => {
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

  it('is left by a kill of its task when all its tasks have cleaned up', async () => {
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

  it('whose body has returned, but whose tasks go on, can be limited by a timeout', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield timeout(
          10,
          group(function* (g) {
            yield g.spawn(after, 1000, 1)
          }),
        )
      }),
    )

    expect((error as Error).name).toBe('TimeoutError')
    expect(host.now()).toBe(10)
  })

  it('throws KilledError when its body is killed', async () => {
    const error = await rejection(
      virtually(function* () {
        let body: Task | undefined
        const { scheduler } = yield* spawn(function* () {
          yield sleep(10)
          yield kill(body as Task)
        })
        yield group(function* body_() {
          const { id } = scheduler.snapshot().find(({ name }) => name === 'body_') ?? { id: 0 }
          body = [...scheduler.tasks()].find((task) => task.id === id)
          yield sleep(1000)
        })
      }),
    )

    expect(error).toEqual(new KilledError('body_#3 was killed, so that its group has no value'))
  })

  it('cancel() kills every task but the body, which goes on', async () => {
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

  it('cancel() spares what the body itself runs in a race', async () => {
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

  it('leaves no timer behind when a clean-up in it spawned', async () => {
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
      return scheduler.timers.size
    })

    expect(timers).toBe(0)
  })

  it('cancels what its clean-up spawned, after the grace period', async () => {
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

  it('of a body that spawns a hundred thousand tasks ends with the last', { tags: 'large' }, async () => {
    let ended = 0

    await virtually(function* () {
      yield group(function* () {
        for (let i = 0; i < 100_000; i++) {
          yield spawn(function* () {
            yield pause()
            ended++
          })
        }
      })
    })

    expect(ended).toBe(100_000)
  })

  it('calls its body once, when it is yielded, whatever function that is', async () => {
    let calls = 0

    const value = await virtually(function* () {
      const made = group(() => {
        calls++
        return after(1, 42)
      })
      const before = calls
      return [before, yield* made, calls]
    })

    expect(value).toEqual([0, 42, 1])
  })

  it('spawns with options too', async () => {
    const name = await virtually(function* () {
      return yield* group(function* (g) {
        const task = yield* g.spawn.with({ name: 'reader' }, after, 1, 42)
        return task.name
      })
    })

    expect(name).toBe('reader')
  })

  it('refuses a body that is no generator function, at its yield', async () => {
    const error = await rejection(
      virtually(function* () {
        yield group((() => 1) as never)
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
  })

  it('refuses what is no function', () => {
    expect(() => group(42 as never)).toThrow(TypeError)
  })
})
