// The faults of the original, each by its number in the study of it, and the right behaviour. B6 to B9, B12, B13 and E2
// to E4 are about sockets: see test/net.
import {
  type Coroutine,
  call,
  DeadlockError,
  group,
  join,
  KilledError,
  kill,
  Latch,
  pause,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from './world.js'

function* after<T>(ms: number, value: T): Coroutine<T> {
  yield sleep(ms)
  return value
}

describe('the faults of the original that were seen', () => {
  it('B1: the kill of a finished coroutine does nothing, and nobody else is dropped', async () => {
    const value = await virtually(function* () {
      const coroutine = after(1, 1)
      yield spawn(coroutine)
      const other = yield* spawn(after<string>, 20, 'other')
      yield sleep(10)
      yield kill(coroutine)
      return yield* join(other)
    })

    expect(value).toBe('other')
  })

  it('B2: a coroutine that is killed while it waits in join is not resurrected', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const child = yield* spawn(after, 10, 1)
      const joiner = yield* spawn(function* () {
        yield join(child)
        note('resurrected')
      })
      yield sleep(1)
      yield kill(joiner)
      yield join(child)
      yield sleep(10)
    })

    expect(log).toEqual([])
  })

  it('B3: a spinning coroutine lets the host poll: a turn of it takes no more than its budget', async () => {
    const { scheduler } = world({ budgetSteps: 8 })
    let polled = 0
    let spun = 0

    await scheduler.run(function* () {
      for (; spun < 800; spun++) {
        if (spun % 8 === 0) setImmediate(() => polled++)
        yield pause()
      }
    })

    expect(polled).toBeGreaterThan(90)
  })

  it('B4: an exception in a spawned coroutine reaches its joiner, and the others go on', async () => {
    const error = failure()

    const [caught, value] = await virtually(function* () {
      const other = yield* spawn(after<string>, 20, 'other')
      const failing = yield* spawn(function* () {
        yield sleep(10)
        throw error
      })
      try {
        yield join(failing)
      } catch (caught) {
        return [caught, yield* join(other)]
      }
      return []
    })

    expect(caught).toBe(error)
    expect(value).toBe('other')
  })

  it('B5: the join of a coroutine that was never spawned is an error at once', async () => {
    const error = await rejection(
      virtually(function* () {
        yield join(after(1, 1))
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('never spawned')
  })

  it('B10: calls a hundred times as deep as the original could are returned through', {
    tags: 'large',
  }, async () => {
    function* descend(n: number): Coroutine<number> {
      if (n === 0) return 0
      const value: number = yield descend(n - 1)
      return value + 1
    }

    const value = await virtually(() => descend(300_000))

    expect(value).toBe(300_000)
  })

  it('B11: a finally that yields at shutdown does not replace the error', async () => {
    const { scheduler, log, note } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        yield spawn(function* () {
          try {
            yield sleep(1e9)
          } finally {
            yield sleep(5)
            note('cleaned up')
          }
        })
        yield sleep(10)
        throw error
      }),
    )

    expect(caught).toBe(error)
    expect(log).toEqual(['15: cleaned up'])
  })
})

describe('the faults of its scheduling', () => {
  it('S1: pausing for ever lets sleepers and promises in', async () => {
    const { scheduler } = world()
    let spinning = true

    const value = await scheduler.run(function* () {
      yield spawn(function* () {
        while (spinning) yield pause()
      })
      const value: string = yield new Promise<string>((resolve) => setImmediate(() => resolve('came in')))
      spinning = false
      return value
    })

    expect(value).toBe('came in')
  })

  it.each([
    ['a join cycle', () => cycle()],
    ['nothing that could come', () => new Latch().wait()],
  ])('S2: %s is reported, rather than spun on for ever', async (_name, wait) => {
    const error = await rejection(
      virtually(function* () {
        yield wait()
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('S2: a bad yield is an error at that yield', async () => {
    const error = await virtually(function* () {
      try {
        yield 42 as never
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(TypeError)
  })

  it('S3: a step looks at no task but its own', async () => {
    const { scheduler } = world()
    let looks = 0

    await scheduler.run(function* () {
      const parked: Task[] = []
      for (let i = 0; i < 1000; i++) parked.push(yield* spawn(after, 1e9, i))
      yield sleep(1)
      const stop = watchFields(parked, () => looks++)
      for (let i = 0; i < 100; i++) yield pause()
      stop()
      for (const task of parked) yield kill(task)
    })

    expect(looks).toBe(0)
  })

  it('S4: a wall clock that goes back moves no sleep', async () => {
    const { scheduler, host } = world()
    const { now } = Date
    Date.now = () => now() - 3_600_000

    await scheduler.run(function* () {
      yield sleep(10)
    })

    Date.now = now
    expect(host.now()).toBe(10)
  })

  it('S5: two coroutines that wait for one thing are both woken', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const latch = new Latch()
      for (const name of ['a', 'b']) {
        yield spawn(function* () {
          yield latch.wait()
          note(name)
        })
      }
      yield sleep(1)
      latch.open()
    })

    expect(log).toEqual(['1: a', '1: b'])
  })

  it.each([
    ['spawned', (coroutine: Coroutine) => spawn(coroutine)],
    ['called', (coroutine: Coroutine) => call(coroutine)],
  ])('S6: a coroutine that runs cannot be %s again, and goes on undisturbed', async (_name, again) => {
    const [error, value] = await virtually(function* () {
      const coroutine = after(10, 'value')
      const task = yield* spawn(coroutine)
      yield sleep(1)
      let error: unknown
      try {
        yield again(coroutine)
      } catch (caught) {
        error = caught
      }
      return [error, yield* join(task)]
    })

    expect(error).toBeInstanceOf(TypeError)
    expect(value).toBe('value')
  })
})

describe('the faults of its kill', () => {
  it.each([
    ['finished', 20, 1],
    ['killed before', 0, 2],
  ])('K1: the kill of a coroutine that is %s does nothing', async (_name, ms, times) => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 10, 1)
      yield sleep(ms)
      for (let i = 0; i < times; i++) yield kill(task)
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('K1: the kill of what is no coroutine at all is an error at its own line', async () => {
    const error = await virtually(function* () {
      try {
        yield kill({} as never)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(TypeError)
  })

  it('K2: a coroutine that is killed as soon as it is spawned does not start', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const coroutine = (function* () {
        note('started')
        yield sleep(10)
        note('went on')
      })()
      yield spawn(coroutine)
      yield kill(coroutine)
      yield sleep(100)
    })

    expect(log).toEqual([])
  })

  it('K3: a killed joiner is not resumed when the joined task ends', async () => {
    const { scheduler } = world()

    const outcome = await scheduler.run(function* () {
      const joined = yield* spawn(after, 10, 1)
      const joiner = yield* spawn(function* () {
        yield join(joined)
      })
      yield sleep(1)
      yield kill(joiner)
      yield sleep(100)
      return joiner.outcome
    })

    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('K4: a kill runs finally at once, and not when garbage is collected', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(1e9)
        } finally {
          note('finally')
        }
      })
      yield sleep(1)
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['1: finally', '1: killer'])
  })
})

describe('the faults of its join', () => {
  it('J1: join gives the value', async () => {
    const value = await virtually(function* () {
      return yield* join(yield* spawn(after<number>, 10, 42))
    })

    expect(value).toBe(42)
  })

  it('J1: join throws the error', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield join(
          yield* spawn(function* () {
            throw error
          }),
        )
      }),
    )

    expect(caught).toBe(error)
  })

  it('J1: joiners of a task whose callee raised are told', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield (function* () {
          yield sleep(10)
          throw error
        })()
      })
      try {
        yield join(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('J1: joiners of a task that is killed are told', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(after, 1e9, 1)
      yield spawn(function* () {
        yield sleep(1)
        yield kill(task)
      })
      try {
        yield join(task)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(KilledError)
  })
})

describe('the faults of its errors', () => {
  it('E1: an exception in one task can be kept from the rest of the program, by a group', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield spawn(function* () {
        yield sleep(20)
        note('other')
      })
      try {
        yield group(function* () {
          yield sleep(10)
          throw failure()
        })
      } catch {
        note('caught')
      }
    })

    expect(log).toEqual(['10: caught', '20: other'])
  })

  it('E1: an exception that nobody takes ends the run only after each finally has run', async () => {
    const { scheduler, log, note } = world()

    await rejection(
      scheduler.run(function* () {
        for (const name of ['a', 'b']) {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              note(name)
            }
          })
        }
        yield sleep(1)
        throw failure()
      }),
    )

    expect(log).toEqual(['1: a', '1: b'])
  })

  it('E5: generators that yield in finally at the end do not keep the others from theirs', async () => {
    const { scheduler, log, note } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        for (const name of ['a', 'b', 'c']) {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              yield pause()
              note(name)
            }
          })
        }
        yield sleep(1)
        throw error
      }),
    )

    expect(caught).toBe(error)
    expect(log).toEqual(['1: a', '1: b', '1: c'])
  })
})

function* cycle(): Coroutine<void> {
  const tasks: Task[] = []
  function* member(i: number): Coroutine<void> {
    yield sleep(1)
    yield join(tasks[1 - i] as Task)
  }
  for (const i of [0, 1]) tasks.push(yield* spawn(member, i))
  yield sleep(10)
}

/** Calls back whenever a field of one of the tasks is read. */
function watchFields(tasks: readonly Task[], look: () => void): () => void {
  const undo: (() => void)[] = []
  for (const task of tasks) {
    const fields = task as unknown as Record<string, unknown>
    for (const name of ['phase', 'handler', 'wait', 'next', 'previous', 'watchers']) {
      const value = fields[name]
      Object.defineProperty(task, name, {
        configurable: true,
        get() {
          look()
          return value
        },
        set(changed: unknown) {
          Object.defineProperty(task, name, { configurable: true, writable: true, value: changed })
        },
      })
      undo.push(() =>
        Object.defineProperty(task, name, { configurable: true, enumerable: true, writable: true, value }),
      )
    }
  }
  return () => {
    for (const restore of undo) restore()
  }
}
