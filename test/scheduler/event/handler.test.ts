// What the scheduler does when the handler of an event violates its contract.
import { all, type Event, join, kill, pause, race, sleep, spawn } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'
import { ANSWER } from './answer.js'

describe('a handler', () => {
  it('that answers twice gets an error that names the task', async () => {
    let answer = (_value: number): void => {}
    const twice = event<number>(
      {
        name: 'twice',
        enter(waiter: Waiter<number>) {
          answer = (value) => waiter.resume(value)
        },
      },
      undefined,
    )
    const { scheduler } = world()

    const value = await scheduler.run(function* main() {
      yield* spawn(function* () {
        answer(1)
        expect(() => answer(2)).toThrow(
          'main#1 is ready: it was resumed twice, or after its wait was withdrawn',
        )
      })
      return yield* twice
    })

    expect(value).toBe(1)
  })

  it.each([
    ['resume', (waiter: Waiter<void>) => waiter.resume()],
    ['throw', (waiter: Waiter<void>) => waiter.throw(failure())],
    ['withdrawn', (waiter: Waiter<void>) => waiter.withdrawn()],
  ])('that answers by %s a task that has ended gets an error', async (_name, answer) => {
    const told = await virtually(function* () {
      let waiter: Waiter<void> | undefined
      const keeping = event<void>(
        {
          name: 'keeping',
          enter(entered: Waiter<void>) {
            waiter = entered
            entered.resume()
          },
        },
        undefined,
      )
      yield join(
        yield* spawn(function* early() {
          yield keeping
        }),
      )
      try {
        answer(waiter as Waiter<void>)
      } catch (error) {
        return String(error)
      }
      return 'nothing'
    })

    expect(told).toBe('Error: early#2 is ended: it was resumed twice, or after its wait was withdrawn')
  })

  it.each([
    ['resume', (waiter: Waiter<void>) => waiter.resume()],
    ['throw', (waiter: Waiter<void>) => waiter.throw(failure())],
    ['withdrawn', (waiter: Waiter<void>) => waiter.withdrawn()],
  ])('that answers by %s a branch that has ended gets an error', async (_name, answer) => {
    const { event: held, waiters } = holding()

    const told = await virtually(function* main() {
      yield* spawn(function* () {
        waiters[0]?.resume()
        told.push(toldBy(() => answer(waiters[0] as Waiter<void>)))
        waiters[1]?.resume()
      })
      const told: string[] = []
      return [yield* all([held, held]), told]
    })

    expect(told).toEqual([
      [undefined, undefined],
      ['Error: branch 0 of all in main#1 is ended: it was resumed twice, or after its wait was withdrawn'],
    ])
  })

  it.each([
    ['a task', (held: Event<void>): Event<unknown> => held, 'main#1'],
    ['a branch', (held: Event<void>): Event<unknown> => race([held]), 'branch 0 of race in main#1'],
  ])('that reports a withdrawal of %s that has not begun gets an error', async (_who, wait, name) => {
    const { event: held, waiters } = holding()

    const told = await virtually(function* main() {
      yield* spawn(function* () {
        told.push(toldBy(() => waiters[0]?.withdrawn()))
        waiters[0]?.resume()
      })
      const told: string[] = []
      yield wait(held)
      return told
    })

    expect(told).toEqual([
      `Error: ${name} is parked: withdrawn() was called, but its wait has not been withdrawn`,
    ])
  })

  /** An event whose waiters the test answers. */
  function holding(): { readonly event: Event<void>; readonly waiters: Waiter<void>[] } {
    const waiters: Waiter<void>[] = []
    const handler: EventHandler<undefined, void, void> = {
      name: 'held',
      external: 'test',
      enter: (waiter) => void waiters.push(waiter),
      withdraw() {},
      discard() {},
    }
    return { event: event(handler, undefined), waiters }
  }

  function toldBy(call: () => void): string {
    try {
      call()
    } catch (error) {
      return String(error)
    }
    return 'nothing'
  }

  it('that throws after it has answered makes the run fail with its error, and end', async () => {
    const error = failure()
    const { log, note } = world()

    const caught = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          try {
            yield sleep(1000)
          } finally {
            note('other')
          }
        })
        yield pause()
        yield event(
          {
            ...ANSWER,
            enter(waiter: Waiter<number>) {
              waiter.resume(1)
              throw error
            },
          },
          0,
        )
      }),
    )

    expect(caught).toBe(error)
    expect(log).toHaveLength(1)
  })

  it('whose withdraw throws makes the killed task fail with that error at its yield', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield event(
          {
            name: 'stubborn',
            enter() {},
            withdraw() {
              throw error
            },
          },
          0,
        )
      })
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

  it('whose describe throws does not hide an error from the run', async () => {
    const error = failure()
    const UGLY: EventHandler<number, void, number> = {
      ...ANSWER,
      describe() {
        throw new Error('of describe')
      },
    }

    const caught = await rejection(
      virtually(function* () {
        yield event<number>(UGLY, 1)
        throw error
      }),
    )

    expect(caught).toBe(error)
  }, 1000)

  it('may complete a withdrawal later, and is waited for', async () => {
    const { scheduler, log, note } = world()
    const SLOW: EventHandler<number, void> = {
      name: 'slow',
      enter() {},
      withdraw(waiter, ms) {
        waiter.scheduler.timers.add(waiter.scheduler.now() + ms, (w: Waiter) => w.withdrawn(), waiter)
        return 'later'
      },
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield event(SLOW, 10)
        } finally {
          note('victim')
        }
      })
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: victim', '10: killer'])
  })
})
