// Promise 6 of the design: what a kill does to its victim, and to those who wait for it.
import {
  all,
  Cancelled,
  Channel,
  type Coroutine,
  call,
  DeadlockError,
  DroppedError,
  group,
  join,
  KilledError,
  kill,
  Latch,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'

const FOREVER_MS = 1e12

/** Hides from the formatter, which would remove it, that a `continue` in `finally` is the last line of a loop. */
const stubborn = FOREVER_MS > 0

function* sleeper(): Coroutine<void> {
  yield sleep(FOREVER_MS)
}

/** Sleeps until it is killed, then cleans up for a time. */
function* cleaner(ms: number, done: () => void = () => {}): Coroutine<void> {
  try {
    yield sleep(FOREVER_MS)
  } finally {
    yield sleep(ms)
    done()
  }
}

function* failingCleaner(error: unknown): Coroutine<void> {
  try {
    yield sleep(FOREVER_MS)
  } finally {
    yield pause()
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
    throw error
  }
}

/** Cannot be ended by anything. No virtual time passes while it runs, so that its grace period has to be 0. */
function* immortal(): Coroutine<void> {
  while (true) {
    try {
      yield pause()
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
      if (stubborn) continue
    }
  }
}

describe('a victim', () => {
  it('gets Cancelled at its yield', async () => {
    const caught: unknown[] = []

    await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } catch (error) {
          caught.push(error)
          throw error
        }
      })
      yield pause()
      yield kill(task)
    })

    expect(caught).toEqual([expect.any(Cancelled)])
  })

  it('takes no further step once it has ended', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
        note('resurrected')
      })
      yield sleep(5)
      yield kill(task)
      yield sleep(100)
    })

    expect(log).toEqual([])
  })

  it('is unwound from the innermost callee, each finally once', async () => {
    const { scheduler, log, note } = world()
    function* level(n: number): Coroutine<void> {
      try {
        if (n === 0) yield sleep(FOREVER_MS)
        else if (n % 2 === 0) yield level(n - 1)
        else yield* level(n - 1)
      } finally {
        note(`finally ${n}`)
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(level, 4)
      yield sleep(1)
      yield kill(task)
    })

    expect(log).toEqual([0, 1, 2, 3, 4].map((n) => `1: finally ${n}`))
  })

  it('may yield anything in its finally: sleep, spawn, join, call, race', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } finally {
          yield sleep(10)
          note('slept')
          const child = yield* spawn(function* () {
            yield sleep(10)
            return 'joined'
          })
          note(yield* join(child))
          note(
            yield* call(function* () {
              yield* pause()
              return 'called'
            }),
          )
          yield race([sleep(5), sleep(50)])
          note('raced')
        }
      })
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: slept', '20: joined', '20: called', '25: raced', '25: killer'])
  })

  it('gets Cancelled once, not again in its clean-up', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } finally {
          for (let i = 0; i < 3; i++) {
            yield sleep(1)
            note(`clean-up ${i}`)
          }
        }
      })
      yield pause()
      yield spawn(function* () {
        yield kill(task)
      })
      yield kill(task)
    })

    expect(log).toEqual(['1: clean-up 0', '2: clean-up 1', '3: clean-up 2'])
  })

  it('that is ready with a value gets it, and Cancelled at its next yield', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const channel = new Channel<string>()
      const task = yield* spawn(function* () {
        try {
          note(yield* channel.receive())
          yield* pause()
          note('went on')
        } catch (error) {
          note((error as Error).name)
          throw error
        }
      })
      yield sleep(1)
      channel.trySend('value')
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['1: value', '1: Cancelled', '1: killer'])
  })

  it('that is ready with a value may return with it: it has not been killed', async () => {
    const outcome = await virtually(function* () {
      const channel = new Channel<string>()
      const task = yield* spawn(function* () {
        return yield* channel.receive()
      })
      yield sleep(1)
      channel.trySend('value')
      yield kill(task)
      return task.outcome
    })

    expect(outcome).toEqual({ kind: 'returned', value: 'value' })
  })

  it('that is ready with a value performs nothing more than that', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const channel = new Channel<string>()
      const task = yield* spawn(function* () {
        yield channel.receive()
        yield call(function* () {
          note('called')
        })
      })
      yield sleep(1)
      channel.trySend('value')
      yield kill(task)
    })

    expect(log).toEqual([])
  })

  it('that is ready with an error gets it', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const latch = new Latch()
      const failing = yield* spawn(function* () {
        yield latch.wait()
        throw error
      })
      const task = yield* spawn(function* () {
        yield join(failing)
      })
      yield sleep(1)
      latch.open()
      yield pause()
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('that has not taken its first step never begins', async () => {
    const { scheduler, log, note } = world()

    const outcome = await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          note('began')
        } finally {
          note('finally')
        }
      })
      yield kill(task)
      yield sleep(1)
      return task.outcome
    })

    expect(log).toEqual([])
    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('that somebody else has begun to run, and whose finally fails, throws that in the killer', async () => {
    const error = failure()
    const begun: Coroutine<void> = (function* () {
      try {
        yield pause()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error
      }
    })()
    begun.next()

    const caught = await rejection(
      virtually(function* () {
        yield kill(yield* spawn(begun))
      }),
    )

    expect(caught).toBe(error)
  })

  it('that has not taken its first step tells those who join it', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(sleeper)
      yield kill(task)
      try {
        yield join(task)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(KilledError)
  })

  it('that has ended is left alone, whatever its end was', async () => {
    const outcomes = await virtually(function* () {
      const returned = yield* spawn(function* () {
        return 1
      })
      const threw = yield* spawn(function* () {
        yield pause()
        throw failure()
      })
      try {
        yield join(threw)
      } catch {}
      const killed = yield* spawn(sleeper)
      yield kill(killed)
      for (const task of [returned, threw, killed]) yield kill(task)
      return [returned, threw, killed].map(({ outcome }) => outcome?.kind)
    })

    expect(outcomes).toEqual(['returned', 'threw', 'killed'])
  })

  it('that waits in join stays dead when the joined task ends', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const joined = yield* spawn(function* () {
        yield sleep(10)
      })
      const joiner = yield* spawn(function* () {
        yield join(joined)
        note('resurrected')
      })
      yield sleep(5)
      yield kill(joiner)
      yield sleep(100)
    })

    expect(log).toEqual([])
  })

  it('that waits in join lets the error of the joined task go to the supervisor', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const joined = yield* spawn(function* () {
          yield sleep(10)
          throw error
        })
        const joiner = yield* spawn(function* () {
          yield join(joined)
        })
        yield sleep(5)
        yield kill(joiner)
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })

  it('does not take its children with it', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield spawn(function* () {
          yield sleep(10)
          note('child')
        })
        yield sleep(FOREVER_MS)
      })
      yield sleep(5)
      yield kill(task)
    })

    expect(log).toEqual(['10: child'])
  })
})

describe('a killer', () => {
  it('waits until the victim has ended', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10, () => note('victim'))
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: victim', '10: killer'])
  })

  it('that comes second only waits with the first', async () => {
    const { scheduler, log, note } = world()
    function* killer(name: string, task: Task) {
      yield kill(task)
      note(name)
    }

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10, () => note('victim'))
      yield pause()
      yield spawn(killer, 'first', task)
      yield sleep(5)
      yield spawn(killer, 'second', task)
    })

    expect(log).toEqual(['10: victim', '10: first', '10: second'])
  })

  it('that is killed itself lets the kill go on', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10, () => note('victim'))
      yield pause()
      const killer = yield* spawn(function* () {
        yield kill(task)
      })
      yield sleep(5)
      yield kill(killer)
      note('killer of the killer')
    })

    expect(log).toEqual(['5: killer of the killer', '10: victim'])
  })

  it('gets the error of the clean-up, the very object', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(failingCleaner, error)
      yield pause()
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('gets that error also when it comes second, and so does a joiner', async () => {
    const error = failure()
    const caught: unknown[] = []
    function* hearing(task: Task, how: (task: Task) => Coroutine) {
      try {
        yield how(task)
      } catch (error) {
        caught.push(error)
      }
    }

    await virtually(function* () {
      const task = yield* spawn(failingCleaner, error)
      yield pause()
      yield spawn(hearing, task, byJoin)
      yield spawn(hearing, task, byKill)
      yield spawn(hearing, task, byKill)
    })

    expect(caught).toHaveLength(3)
    expect(caught.every((one) => one === error)).toBe(true)
  })

  it('that no longer waits leaves the error of the clean-up to the supervisor', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            yield sleep(10)
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw error
          }
        })
        yield pause()
        yield race([kill(task), sleep(5)])
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })
})

function* byJoin(task: Task): Coroutine {
  return yield* join(task)
}

function* byKill(task: Task): Coroutine {
  return yield* kill(task)
}

describe('a task that kills itself', () => {
  it('ends, with its finally', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []

    const outcome = await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          try {
            yield kill(tasks[0] as Task)
            note('went on')
          } finally {
            yield sleep(1)
            note('finally')
          }
        }),
      )
      yield sleep(10)
      return tasks[0]?.outcome
    })

    expect(log).toEqual(['1: finally'])
    expect(outcome).toEqual({ kind: 'killed' })
  })

  it.each([
    ['race', (event: Coroutine) => race([event, sleep(FOREVER_MS)])],
    ['all', (event: Coroutine) => all([event, sleep(FOREVER_MS)])],
    ['timeout', (event: Coroutine) => timeout(FOREVER_MS, event)],
    ['a callee', (event: Coroutine) => call(event)],
    ['a group', (event: Coroutine) => group(() => event)],
  ])('ends also from within %s', async (_name, combine) => {
    const { scheduler, host } = world()
    const tasks: Task[] = []
    function* suicide(): Coroutine<void> {
      yield kill(tasks[0] as Task)
    }

    const outcome = await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          yield combine(suicide())
        }),
      )
      try {
        yield join(tasks[0] as Task)
      } catch {}
      return tasks[0]?.outcome
    })

    expect(outcome).toEqual({ kind: 'killed' })
    expect(host.now()).toBe(0)
  })

  it.each([
    ['race', (task: Task) => race([kill(task), sleep(FOREVER_MS)])],
    ['all', (task: Task) => all([sleep(FOREVER_MS), kill(task)])],
    ['timeout', (task: Task) => timeout(FOREVER_MS, kill(task))],
  ])('ends also when the kill is an event in %s', async (_name, combine) => {
    const { scheduler, host } = world()
    const tasks: Task[] = []

    const [outcome, timers] = await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          yield combine(tasks[0] as Task)
        }),
      )
      try {
        yield join(tasks[0] as Task)
      } catch {}
      return [tasks[0]?.outcome, scheduler.timers.size] as const
    })

    expect(outcome).toEqual({ kind: 'killed' })
    expect(timers).toBe(0)
    expect(host.now()).toBe(0)
  })

  it('in its own clean-up goes on with that', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []

    await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            yield kill(tasks[0] as Task)
            note('finally')
          }
        }),
      )
      yield sleep(1)
      yield kill(tasks[0] as Task)
      note('killer')
    })

    expect(log).toEqual(['1: finally', '1: killer'])
  })

  it('and joins itself in its own clean-up gets a DeadlockError there', async () => {
    const tasks: Task[] = []
    let error: unknown

    await virtually(function* () {
      tasks.push(
        yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            try {
              yield join(tasks[0] as Task)
            } catch (caught) {
              error = caught
            }
          }
        }),
      )
      yield sleep(1)
      yield kill(tasks[0] as Task)
    })

    expect(error).toBeInstanceOf(DeadlockError)
  })
})

describe('tasks that kill each other', () => {
  it('leave one alive, when neither is in its clean-up', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []
    function* member(i: number): Coroutine<void> {
      yield sleep(1)
      try {
        yield kill(tasks[1 - i] as Task)
        note(`${i} killed`)
      } finally {
        note(`${i} ended`)
      }
    }

    for (const i of [0, 1]) tasks.push(scheduler.spawn(member, i))
    await scheduler.run(function* () {})

    expect(log).toEqual(['1: 1 ended', '1: 0 killed', '1: 0 ended'])
  })

  it('both end, when the victim kills its killer in its clean-up', async () => {
    const tasks: Task[] = []
    const { scheduler, host } = world()
    function* killer(): Coroutine<void> {
      yield sleep(1)
      yield kill(tasks[1] as Task)
    }
    function* victim(): Coroutine<void> {
      try {
        yield sleep(FOREVER_MS)
      } finally {
        yield kill(tasks[0] as Task)
      }
    }

    tasks.push(scheduler.spawn(killer), scheduler.spawn(victim))
    await scheduler.run(function* () {})

    expect(tasks.map(({ outcome }) => outcome?.kind)).toEqual(['killed', 'killed'])
    expect(host.now()).toBe(1)
  })

  it('both in their clean-up, end after the grace period', async () => {
    const tasks: Task[] = []
    const { scheduler, host } = world()
    function* member(i: number): Coroutine<void> {
      try {
        yield sleep(FOREVER_MS)
      } finally {
        yield kill(tasks[1 - i] as Task)
      }
    }

    for (const i of [0, 1]) tasks.push(scheduler.spawn(member, i))
    await scheduler.run(
      function* () {
        yield sleep(1)
        yield all(tasks.map((task) => kill(task)))
      },
      { grace: 100 },
    )

    expect(tasks.map(({ outcome }) => outcome?.kind)).toEqual(['killed', 'killed'])
    expect(host.now()).toBe(101)
  })
})

describe('the root', () => {
  it('that is killed makes the run reject with KilledError, when the others have ended', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* main() {
        const root = scheduler.snapshot()[0]
        yield spawn(function* () {
          yield sleep(10)
        })
        yield spawn(function* () {
          yield pause()
          yield kill(rootOf(scheduler))
        })
        void root
        yield sleep(FOREVER_MS)
      }),
    )

    expect(error).toEqual(new KilledError('main#1 was killed, so that the run has no value'))
    expect(host.now()).toBe(10)
  })

  it('that kills itself makes the run reject with KilledError', async () => {
    const { scheduler } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield kill(rootOf(scheduler))
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })
})

function rootOf(scheduler: { tasks(): Iterable<Task> }): Task {
  return [...scheduler.tasks()][0] as Task
}

describe('the grace period', () => {
  it('is 5 seconds', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, FOREVER_MS)
      yield pause()
      yield kill(task)
    })

    expect(host.now()).toBe(5000)
  })

  it('is an option of run', async () => {
    const { scheduler, host } = world()

    await scheduler.run(
      function* () {
        const task = yield* spawn(cleaner, FOREVER_MS)
        yield pause()
        yield kill(task)
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(100)
  })

  it('is an option of kill, which counts before that of run', async () => {
    const { scheduler, host } = world()

    await scheduler.run(
      function* () {
        const task = yield* spawn(cleaner, FOREVER_MS)
        yield pause()
        yield kill(task, { grace: 10 })
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(10)
  })

  it.each([
    ['race', (coroutine: Coroutine) => race([coroutine])],
    ['group', (coroutine: Coroutine) => group(() => coroutine)],
  ])('of a kill is that of what its victim runs in a %s too', async (_name, combine) => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield combine(cleaner(FOREVER_MS))
      })
      yield sleep(1)
      yield kill(task, { grace: 10 })
    })

    expect(host.now()).toBe(11)
  })

  it('of a clean-up that is done in time is over with it: no timer is left', async () => {
    const { scheduler } = world()

    const timers = await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10)
      yield pause()
      yield kill(task)
      return scheduler.timers.size
    })

    expect(timers).toBe(0)
  })

  it('ends a clean-up that hangs, and the finally blocks around it still run', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield call(function* () {
            try {
              yield sleep(FOREVER_MS)
            } finally {
              yield new Latch().wait()
              note('after the hang')
            }
          })
        } finally {
          note('outer finally')
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
      note('killer')
    })

    expect(log).toEqual(['10: outer finally', '10: killer'])
  })

  it('ends the callers of a clean-up that hangs with it: they neither go on nor catch anything', async () => {
    const { scheduler, log, note } = world()
    function* hanging(): Coroutine<void> {
      try {
        yield sleep(1000)
      } finally {
        yield new Latch().wait()
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield hanging()
          note('went on')
        } catch {
          note('caught')
        } finally {
          note('finally')
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
    })

    expect(log).toEqual(['10: finally'])
  })

  it('ends a task that swallows Cancelled', async () => {
    const { scheduler, log, note } = world()

    const outcome = await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          while (true) {
            try {
              yield sleep(3)
            } catch (error) {
              note((error as Error).name)
            }
          }
        } finally {
          note('finally')
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
      return task.outcome
    })

    expect(log).toEqual(['0: Cancelled', '10: finally'])
    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('lets a task that swallows Cancelled go on until then', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } catch {}
        yield sleep(6)
        note('went on')
      })
      yield pause()
      yield kill(task, { grace: 10 })
      note('killer')
    })

    expect(log).toEqual(['6: went on', '6: killer'])
  })

  it('ends a task that swallows Cancelled and never waits', async () => {
    let steps = 0

    const outcome = await virtually(
      function* () {
        const task = yield* spawn(function* () {
          while (true) {
            try {
              steps++
              yield pause()
            } catch {}
          }
        })
        yield pause()
        yield kill(task, { grace: 0 })
        return task.outcome
      },
      { budgetSteps: 4 },
    )

    expect(outcome).toEqual({ kind: 'killed' })
    expect(steps).toBeLessThan(100)
  })

  it('runs each further finally, one return() after the other', async () => {
    const { scheduler, log, note } = world()
    function* level(n: number): Coroutine<void> {
      try {
        if (n === 0) {
          yield sleep(FOREVER_MS)
        } else {
          yield level(n - 1)
        }
      } finally {
        try {
          yield sleep(FOREVER_MS)
          note('not reached')
        } finally {
          note(`finally ${n}`)
        }
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(level, 2)
      yield sleep(0)
      yield kill(task, { grace: 10 })
    })

    expect(log).toEqual(['10: finally 0', '10: finally 1', '10: finally 2'])
  })

  it('hands on an error that is thrown after it', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } finally {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw error
          }
        }
      })
      yield pause()
      try {
        yield kill(task, { grace: 10 })
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('hands on an error that a callee throws after it, through its callers', async () => {
    const error = failure()
    const { log, note } = world()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield (function* () {
            try {
              yield sleep(FOREVER_MS)
            } finally {
              try {
                yield sleep(FOREVER_MS)
              } finally {
                // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
                throw error
              }
            }
          })()
        } finally {
          note('caller')
        }
      })
      yield sleep(1)
      try {
        yield kill(task, { grace: 10 })
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
    expect(log).toHaveLength(1)
  })

  it('of Infinity leaves a hanging clean-up as it is, until a deadlock is seen', async () => {
    const error = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            yield new Latch().wait()
          }
        })
        yield pause()
        yield kill(task, { grace: Number.POSITIVE_INFINITY })
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  }, 1000)
})

describe('a task that nothing can end', () => {
  it('is dropped, by name, in the error that its killer gets', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(immortal)
      yield pause()
      try {
        yield kill(task, { grace: 0 })
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(DroppedError)
    expect((error as Error).message).toContain('immortal#2')
  }, 3000)

  it('takes no further step, and is in no snapshot', async () => {
    const { scheduler } = world()

    const names = await scheduler.run(function* main() {
      const task = yield* spawn(immortal)
      yield pause()
      try {
        yield kill(task, { grace: 0 })
      } catch {}
      yield sleep(1)
      return scheduler.snapshot().map(({ name }) => name)
    })

    expect(names).toEqual(['main'])
  }, 3000)

  it('makes the run reject, when it is the run that kills it', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(
        function* () {
          yield spawn(immortal)
          yield pause()
          throw error
        },
        { grace: 0 },
      ),
    )

    expect((caught as AggregateError).errors).toEqual([error, expect.any(DroppedError)])
  }, 3000)

  it('has answered return() as often as its error says', async () => {
    let returns = 0
    function* counting(): Coroutine<void> {
      while (true) {
        let returned = true
        try {
          yield pause()
          returned = false
        } catch {
          returned = false
        } finally {
          if (returned) returns++
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          if (stubborn) continue
        }
      }
    }

    const error = await virtually(function* () {
      const task = yield* spawn(counting)
      yield pause()
      try {
        yield kill(task, { grace: 0 })
      } catch (error) {
        return String(error)
      }
      return 'nothing'
    })

    expect(error).toContain(`it answered ${returns} return() with another yield`)
  })

  it('when it waits between its yields is dropped too', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(function* immortalSleeper() {
        while (true) {
          try {
            yield sleep(1)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            if (stubborn) continue
          }
        }
      })
      yield pause()
      try {
        yield kill(task, { grace: 10 })
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(DroppedError)
  })

  it('when it is a callee is dropped with its callers', async () => {
    const { scheduler } = world()

    const left = await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield immortal()
      })
      yield sleep(0)
      try {
        yield kill(task, { grace: 0 })
      } catch {}
      return scheduler.snapshot().length
    })

    expect(left).toBe(1)
  }, 3000)
})

describe.each([
  ['race', (coroutine: Coroutine) => race([coroutine, sleep(FOREVER_MS)])],
  ['all', (coroutine: Coroutine) => all([sleep(FOREVER_MS), coroutine])],
  ['timeout', (coroutine: Coroutine) => timeout(FOREVER_MS, coroutine)],
  ['group', (coroutine: Coroutine) => group(() => coroutine)],
  ['race in all', (coroutine: Coroutine) => all([race([coroutine])])],
  ['timeout in timeout', (coroutine: Coroutine) => timeout(FOREVER_MS, timeout(FOREVER_MS, coroutine))],
  ['group in race', (coroutine: Coroutine) => race([group(() => coroutine)])],
])('the kill of a task in %s', (_name, combine) => {
  it('waits for the clean-up of its branches', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield combine(cleaner(10, () => note('branch')))
        } finally {
          note('task')
        }
      })
      yield sleep(1)
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['11: branch', '11: task', '11: killer'])
  })

  it('throws the error of a clean-up, the very object, in the task and in the killer', async () => {
    const error = failure()
    const inTask: unknown[] = []

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield combine(failingCleaner(error))
        } catch (caught) {
          inTask.push(caught)
          throw caught
        }
      })
      yield sleep(1)
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(inTask).toEqual([error])
    expect(caught).toBe(error)
  })

  it('gives Cancelled in the task and in the branch', async () => {
    const { scheduler, log, note } = world()
    function* noting(name: string, inner: () => unknown): Coroutine<void> {
      try {
        yield inner() as Coroutine // Whatever it is, it can be yielded.
      } catch (error) {
        note(`${name} ${(error as Error).name}`)
        throw error
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(noting, 'task', () => combine(noting('branch', () => sleep(FOREVER_MS))))
      yield sleep(1)
      yield kill(task)
    })

    expect(log).toEqual(['1: branch Cancelled', '1: task Cancelled'])
  })

  it('is over after the grace period, when a branch hangs in its clean-up', async () => {
    const { scheduler, host } = world()

    const left = await scheduler.run(
      function* () {
        const task = yield* spawn(function* () {
          yield combine(cleaner(FOREVER_MS))
        })
        yield sleep(1)
        yield kill(task)
        return { tasks: scheduler.snapshot().length, timers: scheduler.timers.size }
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(101)
    expect(left).toEqual({ tasks: 1, timers: 0 })
  })

  it('does not let a branch that has not begun begin', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield combine(
          (function* () {
            note('began')
            yield pause()
          })(),
        )
      })
      // Its step comes before this kill, and that of its branch after it.
      yield pause()
      yield kill(task)
    })

    expect(log).toEqual([])
  })
})

describe('the kill of every yield', () => {
  /** Waits in many ways, counting what it takes and gives back. */
  function* scenario(taken: Set<string>): Coroutine<void> {
    function* holding(name: string, inner: () => Coroutine): Coroutine<void> {
      taken.add(name)
      try {
        yield inner()
      } finally {
        // A kill may also come while it leaves by itself, at this very yield.
        try {
          yield pause()
        } finally {
          taken.delete(name)
        }
      }
    }
    function* leaf(ms: number): Coroutine<void> {
      yield sleep(ms)
      yield* sleep(ms)
    }

    yield holding('call', () => leaf(1))
    yield* holding('yield*', () => leaf(2))
    yield race([holding('race 1', () => leaf(5)), holding('race 2', () => leaf(3)), sleep(100)])
    yield all([holding('all 1', () => leaf(1)), holding('all 2', () => leaf(4)), pause()])
    try {
      yield timeout(
        3,
        holding('timeout', () => leaf(5)),
      )
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error
    }
    yield group(function* (g) {
      yield g.spawn(holding, 'group 1', () => leaf(3))
      yield g.spawn(holding, 'group 2', () => leaf(1))
      yield holding('body', () => leaf(1))
    })
    const task = yield* spawn(holding, 'joined', () => leaf(2))
    try {
      yield join(task)
    } finally {
      yield kill(task)
    }
  }

  async function killedAfter(steps: number): Promise<{ left: string[]; outcome: string; timers: number }> {
    const host = new VirtualHost({ manual: true })
    // One step to a turn, so that the turn which a timer begins takes no more than that either.
    const scheduler = new Scheduler({ host, budgetSteps: 1 })
    const taken = new Set<string>()
    const victims: Task[] = []
    const killing = new Latch()

    const result = scheduler.run(function* () {
      victims.push(yield* spawn(scenario, taken))
      const task = victims[0] as Task
      yield race([killing.wait(), joinQuietly(task)])
      yield kill(task)
      yield sleep(1)
      const left = [...taken, ...scheduler.snapshot().slice(1).map(String)]
      return { left, outcome: task.outcome?.kind ?? 'none', timers: scheduler.timers.size }
    })
    // Every step of any task counts, so that the kill comes at each moment that there is.
    for (let step = 0; scheduler.snapshot().length > 0; step++) {
      if (step === steps) killing.open()
      if (!scheduler.step()) host.advance(scheduler.timers.earliest - host.now())
    }
    return result
  }

  function* joinQuietly(task: Task): Coroutine<void> {
    try {
      yield join(task)
    } catch {}
  }

  it('of a scenario leaves nothing behind, at whatever step it comes', { tags: 'large' }, async () => {
    const outcomes: string[] = []
    const leaks: unknown[] = []

    for (let steps = 1; outcomes.at(-1) !== 'returned'; steps++) {
      const { left, outcome, timers } = await killedAfter(steps)
      if (left.length > 0 || timers > 0) leaks.push({ steps, left, timers })
      outcomes.push(outcome)
    }

    expect(leaks).toEqual([])
    expect(outcomes.length).toBeGreaterThan(70)
  })
})

describe('the kill of many', () => {
  it('tasks at once waits for all their clean-ups', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const tasks: Task[] = []
      for (let i = 1; i <= 1000; i++) tasks.push(yield* spawn(cleaner, i))
      yield sleep(1)
      yield all(tasks.map((task) => kill(task)))
    })

    expect(host.now()).toBe(1001)
  })
})
