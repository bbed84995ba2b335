// Deadlocks in clean-ups.
import {
  type Coroutine,
  DeadlockError,
  kill,
  Latch,
  pause,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../../world.js'

describe('a deadlock', () => {
  it('in the clean-up after an error is ended by the grace period, and the run rejects with the error', async () => {
    const { scheduler, host } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(
        function* () {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              yield new Latch().wait()
            }
          })
          yield sleep(1)
          throw error
        },
        { grace: 100 },
      ),
    )

    expect(caught).toBe(error)
    expect(host.now()).toBe(101)
  })

  it('in the clean-up after a deadlock is ended too, and reported once', async () => {
    const { scheduler, host, log, note } = world()

    const caught = await rejection(
      scheduler.run(
        function* () {
          try {
            yield new Latch().wait()
          } finally {
            try {
              yield new Latch().wait()
            } finally {
              note('finally')
            }
          }
        },
        { grace: 100 },
      ),
    )

    expect(caught).toBeInstanceOf(DeadlockError)
    expect(log).toEqual(['100: finally'])
    expect(host.now()).toBe(100)
  })

  it('of two tasks that kill each other in their clean-up after an error is ended', async () => {
    const error = failure()
    const tasks: Task[] = []
    const { scheduler } = world()
    function* member(i: number): Coroutine<void> {
      try {
        yield sleep(1e9)
      } finally {
        yield kill(tasks[1 - i] as Task)
      }
    }

    for (const i of [0, 1]) tasks.push(scheduler.spawn(member, i))
    const caught = await rejection(
      scheduler.run(function* () {
        yield pause()
        throw error
      }),
    )

    expect(caught).toBe(error)
  })

  it('is detected when only a sleep of Infinity is left', async () => {
    const error = await rejection(
      virtually(function* () {
        yield sleep(Number.POSITIVE_INFINITY)
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  }, 1000)
})
