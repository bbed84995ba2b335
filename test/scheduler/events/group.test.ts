import {
  type Event,
  type Group,
  group,
  kill,
  Latch,
  pause,
  Scheduler,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import type { Loop } from '../../../packages/scheduler/src/loop/loop.js'
import { internals } from '../../support/internals.js'
import { after, failAfter } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { rejection, virtually, world } from '../world.js'

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
  it('gives the value of its body', async () => {
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

  it('owns the tasks that plain spawn starts in it, and theirs', async () => {
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

  it('owns the tasks that another task spawns into it', async () => {
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

  it('calls its body only when it is yielded, and again each time', async () => {
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

  it('names the task of its body after the function, or group if the function has no name', async () => {
    const names = await virtually(function* () {
      const nameOf = (scheduler: Loop) => scheduler.snapshot().at(-1)?.name
      const scheduler = internals(yield* spawn(function* () {}))
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

  it('can be limited by a timeout while its tasks go on after its body has returned', async () => {
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

  it('whose body spawns a hundred thousand tasks ends with the last one', { tags: 'large' }, async () => {
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

  it('calls its body once when it is yielded, whatever kind of function that is', async () => {
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

  it('rejects a body that is not a generator function, at its yield', async () => {
    const error = await rejection(
      virtually(function* () {
        yield group((() => 1) as never)
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
  })

  it('rejects a value that is not a function', () => {
    expect(() => group(42 as never)).toThrow(TypeError)
  })
})

describe('a group that is cancelled when its body has been resumed', () => {
  /** Waits for an event, and returns; another task of the group goes on. */
  const returning = (event: Event<void>, log: string[], others = 1) =>
    group(function* (g) {
      for (let i = 0; i < others; i++) {
        yield* g.spawn(function* () {
          try {
            yield* sleep(1e12)
          } finally {
            log.push('cut')
          }
        })
      }
      yield* event
      log.push('returned')
      return { [Symbol.dispose]: () => log.push('disposed') }
    })

  it('has no value if its other tasks were cut off, so that its task does not go on as if they had ended', async () => {
    const log: string[] = []

    await virtually(function* () {
      const latch = new Latch()
      const victim = yield* spawn(function* () {
        yield* returning(latch.wait(), log)
        log.push('went on')
      })
      yield* sleep(1)
      latch.open()
      yield* kill(victim)
    })

    expect(log.sort()).toEqual(['cut', 'disposed', 'returned'])
  })

  it('has the value of its body if it had no other task', async () => {
    const log: string[] = []

    await virtually(function* () {
      const latch = new Latch()
      const victim = yield* spawn(function* () {
        yield* returning(latch.wait(), log, 0)
        log.push('went on')
        yield* pause()
        log.push('went on after its next yield')
      })
      yield* sleep(1)
      latch.open()
      yield* kill(victim)
    })

    expect(log).toEqual(['returned', 'went on'])
  })

  it('exceeds a time limit that expires together with what its body waits for', () => {
    let now = 0
    const log: string[] = []
    const scheduler = new Scheduler({
      host: { now: () => now, soon() {}, at() {}, cancel() {}, report() {} },
    })
    scheduler.spawn(function* () {
      try {
        yield* timeout(50, returning(sleep(10), log))
        log.push('went on')
      } catch (error) {
        log.push((error as Error).name)
      }
    })
    while (scheduler.step());
    // As on a machine that was busy meanwhile: both timers expire at once.
    now = 60
    while (scheduler.step());

    expect(log.at(-1)).toBe('TimeoutError')
    expect(log).toContain('cut')
  })
})
