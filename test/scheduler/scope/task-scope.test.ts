import { type Coroutine, type Scheduler, sleep } from '@bluelet/scheduler'
import { type ScopeOwner, type TaskHandle, TaskScope } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { failure, world } from '../world.js'

/** A scope whose owner records what it is told. */
function recorded(rule: Partial<ScopeOwner> = {}): { scope: TaskScope; log: string[] } {
  const log: string[] = []
  const scope: TaskScope = new TaskScope({
    failed: (error, task, known) => void log.push(`${task.name} failed: ${error}${known ? ', again' : ''}`),
    ended: (task) => void log.push(`${task.name} ended`),
    ...rule,
  })
  return { scope, log }
}

function spawnIn(scheduler: Scheduler, scope: TaskScope, body: () => Coroutine): TaskHandle {
  return internals(scheduler).spawnUnder(scope, body)
}

const HOUR_MS = 3_600_000

function* forever(): Coroutine {
  yield sleep(HOUR_MS)
}

describe('TaskScope', () => {
  it('knows its tasks until they have ended', async () => {
    const { scheduler } = world()
    const { scope, log } = recorded()
    const seen: string[] = []

    await scheduler.run(function* () {
      spawnIn(scheduler, scope, function* first() {
        yield sleep(10)
      })
      spawnIn(scheduler, scope, function* second() {
        yield sleep(20)
      })
      for (let i = 0; i < 3; i++) {
        seen.push(scope.tasks.map(({ name }) => name).join())
        yield sleep(15)
      }
    })

    expect(seen).toEqual(['first,second', 'second', ''])
    expect(scope.empty).toBe(true)
    expect(log).toEqual(['first ended', 'second ended'])
  })

  it('gives its owner each error, and says whether it is known', async () => {
    const { scheduler } = world()
    const { scope, log } = recorded()
    const error = failure()

    await scheduler.run(function* () {
      for (const name of ['a', 'b']) {
        const body = {
          *[name](): Coroutine {
            throw error
          },
        }[name] as () => Coroutine
        spawnIn(scheduler, scope, body)
      }
      yield sleep(1)
    })

    expect(log).toEqual([`a failed: ${error}`, 'a ended', `b failed: ${error}, again`, 'b ended'])
    expect(scope.failed).toBe(true)
    expect(scope.error('tasks')).toBe(error)
  })

  it('combines several errors into one that names them', async () => {
    const { scope } = recorded()
    const [first, second] = [new Error('first'), new Error('second')]

    scope.record(first)
    scope.record(second)
    const combined = scope.error('tasks of a pool') as AggregateError

    expect(combined.errors).toEqual([first, second])
    expect(combined.message).toBe('2 tasks of a pool failed: Error: first; Error: second')
  })

  it('does not ask its owner about an error that a task joins for', async () => {
    const { scheduler } = world()
    const { scope, log } = recorded()

    await scheduler.run(function* () {
      const task = spawnIn(scheduler, scope, function* failing() {
        throw failure()
      })
      try {
        yield task
      } catch {}
    })

    expect(log).toEqual(['failing ended'])
  })

  it('cancels its tasks, and those of no other scope', async () => {
    const { scheduler, host } = world()
    const { scope } = recorded()
    const outcomes: unknown[] = []

    await scheduler.run(function* () {
      const inside = spawnIn(scheduler, scope, forever)
      const other = spawnIn(scheduler, recorded().scope, function* () {
        yield sleep(100)
      })
      yield sleep(10)
      scope.cancel()
      yield other
      outcomes.push(inside.outcome?.kind, other.outcome?.kind)
    })

    expect(outcomes).toEqual(['killed', 'returned'])
    expect(scope.cancelling).toBe(true)
    expect(host.now()).toBe(100)
  })

  it('gives a late task the grace period of the run, and cancels it after that', async () => {
    const { scheduler, host } = world()
    const { scope } = recorded()
    const ends: string[] = []

    await scheduler.run(
      function* () {
        spawnIn(scheduler, scope, function* () {
          try {
            yield* forever()
          } finally {
            spawnIn(scheduler, scope, function* quick() {
              yield sleep(50)
              ends.push(`quick at ${host.now()}`)
            })
            spawnIn(scheduler, scope, function* slow() {
              try {
                yield* forever()
              } finally {
                ends.push(`slow at ${host.now()}`)
              }
            })
          }
        })
        yield sleep(10)
        scope.cancel()
      },
      { grace: 100 },
    )

    expect(ends).toEqual(['quick at 60', 'slow at 110'])
  })

  it('spawns nothing that its owner refuses', () => {
    const { scheduler } = world()
    const { scope } = recorded({
      spawning() {
        throw new Error('this pool is closed')
      },
    })

    expect(() => spawnIn(scheduler, scope, forever)).toThrow('this pool is closed')
    expect(scope.empty).toBe(true)
    expect(scheduler.snapshot()).toEqual([])
  })

  it('lists the tasks of its owner, if that has a list', async () => {
    const { scheduler } = world()
    const { tasks } = internals(scheduler)
    const { scope } = recorded({ tasks })

    await scheduler.run(function* main() {
      spawnIn(scheduler, scope, function* inside() {})

      expect(scope.tasks.map(({ name }) => name)).toEqual(['main', 'inside'])
      expect(scope.empty).toBe(false)
    })

    expect(scope.empty).toBe(true)
  })
})
