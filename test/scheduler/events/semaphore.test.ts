import {
  type Coroutine,
  DeadlockError,
  join,
  kill,
  pause,
  race,
  run,
  Semaphore,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { rejection, virtually, world } from '../world.js'

eventSuite('acquire', {
  *fulfilled() {
    return new Semaphore(10).acquire()
  },
  value: undefined,
  awaited: () => new Semaphore(10).acquire(),
  *waiting() {
    const semaphore = new Semaphore()
    yield semaphore.acquire()
    return semaphore.acquire()
  },
})

describe('Semaphore', () => {
  it('admits as many tasks as it has permits', async () => {
    const { scheduler, log, note } = world()
    const semaphore = new Semaphore(2)
    function* worker(name: string) {
      yield semaphore.acquire()
      note(name)
      yield sleep(10)
      semaphore.release()
    }

    await scheduler.run(function* () {
      for (const name of ['a', 'b', 'c', 'd', 'e']) yield spawn(worker, name)
    })

    expect(log).toEqual(['0: a', '0: b', '10: c', '10: d', '20: e'])
  })

  it('has one permit by default', () => {
    expect(new Semaphore().permits).toBe(1)
  })

  it('is not overtaken by a task that comes just when a permit is released', async () => {
    const { scheduler, log, note } = world()
    const semaphore = new Semaphore()

    await scheduler.run(function* () {
      yield semaphore.acquire()
      yield spawn(function* () {
        yield semaphore.acquire()
        note('the one that waited')
        semaphore.release()
      })
      yield pause()
      semaphore.release()
      yield semaphore.acquire()
      note('the one that came later')
      semaphore.release()
    })

    expect(log).toEqual(['0: the one that waited', '0: the one that came later'])
  })

  it('keeps its permit when a waiting task is killed', async () => {
    const permits = await virtually(function* () {
      const semaphore = new Semaphore()
      yield semaphore.acquire()
      const victim = yield* spawn(function* () {
        yield semaphore.acquire()
      })
      yield pause()
      yield kill(victim)
      semaphore.release()
      return semaphore.permits
    })

    expect(permits).toBe(1)
  })

  it('keeps its permit when the task that just got it is killed and releases it', async () => {
    const permits = await virtually(function* () {
      const semaphore = new Semaphore()
      yield semaphore.acquire()
      const victim = yield* spawn(function* () {
        yield semaphore.acquire()
        try {
          yield sleep(10)
        } finally {
          semaphore.release()
        }
      })
      yield pause()
      semaphore.release()
      yield kill(victim)
      return semaphore.permits
    })

    expect(permits).toBe(1)
  })

  it('gives no permit to a race that another branch has won', async () => {
    const permits = await virtually(function* () {
      const semaphore = new Semaphore()
      yield race([pause(), semaphore.acquire()])
      return semaphore.permits
    })

    expect(permits).toBe(1)
  })

  it('rejects a release when every permit is free', () => {
    const semaphore = new Semaphore(2)

    expect(() => semaphore.release()).toThrow(
      new RangeError('release(): expected a taken permit, but all 2 are free'),
    )
    expect(semaphore.permits).toBe(2)
  })

  it.each([0, -1, 1.5, Number.NaN, '2', null])('rejects %s permits', (permits) => {
    expect(() => new Semaphore(permits as number)).toThrow(
      new RangeError(
        `new Semaphore(permits): expected a positive integer, got ${typeof permits === 'string' ? `"${permits}"` : permits}`,
      ),
    )
  })

  it('is not re-entrant: a task that holds the only permit and acquires again waits forever', async () => {
    const error = await rejection(
      virtually(function* () {
        const semaphore = new Semaphore()
        yield semaphore.acquire()
        yield semaphore.acquire()
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('never has more holders than permits, and has all permits free in the end, for any kills', async () => {
    const worker = fc.record({ arrives: fc.nat(5), works: fc.nat(5), killedAt: fc.option(fc.nat(10)) })

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(worker, { maxLength: 8 }),
        async (permits, workers) => {
          const semaphore = new Semaphore(permits)
          let holders = 0
          let most = 0
          await virtually(function* () {
            for (const { arrives, works, killedAt } of workers) {
              const task = yield* spawn(function* () {
                yield sleep(arrives)
                yield semaphore.acquire()
                most = Math.max(most, ++holders)
                try {
                  yield sleep(works)
                } finally {
                  holders--
                  semaphore.release()
                }
              })
              if (killedAt === null) continue
              yield spawn(function* () {
                yield sleep(killedAt)
                yield kill(task)
              })
            }
          })

          expect(most).toBeLessThanOrEqual(permits)
          expect(most).toBeGreaterThanOrEqual(Math.min(1, workers.filter((w) => w.killedAt === null).length))
          expect(semaphore.permits).toBe(permits)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('wakes waiting tasks in the order in which they came', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const semaphore = new Semaphore()
      yield semaphore.acquire()
      const tasks = []
      for (const name of ['a', 'b', 'c']) {
        const waits = function* () {
          yield semaphore.acquire()
          note(name)
          semaphore.release()
        }
        tasks.push(yield* spawn(waits))
      }
      yield pause()
      semaphore.release()
      for (const task of tasks) yield join(task)
    })

    expect(log).toEqual(['0: a', '0: b', '0: c'])
  })
})

describe('an external semaphore', () => {
  it('is shared by several runs, and holds those that wait open', async () => {
    const semaphore = new Semaphore(1, { external: true })
    const log: string[] = []
    function* sharer(name: string): Coroutine<void> {
      yield* semaphore.acquire()
      log.push(`${name} begins`)
      yield* pause()
      log.push(`${name} ends`)
      semaphore.release()
    }

    await Promise.all(['a', 'b', 'c'].map((name) => run(sharer(name))))

    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(semaphore.permits).toBe(1)
  })
})
