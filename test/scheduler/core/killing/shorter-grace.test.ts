// Promise 6: a second kill with a shorter grace period shortens that of the first, for all that it
// was passed on to.
import {
  all,
  allSettled,
  type Coroutine,
  type Event,
  group,
  kill,
  pause,
  race,
  Scheduler,
  shield,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { TaskScope } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { FOREVER_MS } from '../../coroutines.js'
import { rejection, world } from '../../world.js'
import { cleaner } from './coroutines.js'

/** A clean-up that takes so long. */
const SLOW_MS = 3000

/** Runs a task that is killed twice: at 1 ms with a grace period of 1 s, and at 10 ms. */
async function killTwice(
  body: () => Coroutine,
  second: (task: Task) => Event = (task) => kill(task, { grace: 50 }),
  grace = 5000,
): Promise<{ readonly ended: number; readonly timers: number; readonly kind: string | undefined }> {
  const { scheduler, host } = world()
  return await scheduler.run(
    function* () {
      const task: Task = yield* spawn(body)
      yield* sleep(1)
      yield* spawn(function* () {
        yield* caught(kill(task, { grace: 1000 }))
      })
      yield* sleep(9)
      yield* caught(second(task))
      yield* caught(kill(task, { grace: FOREVER_MS }))
      return { ended: host.now(), timers: internals(scheduler).timers.size, kind: task.outcome?.kind }
    },
    { grace },
  )
}

/** Performs an event, and ignores its error. */
function* caught(event: Event): Coroutine<void> {
  try {
    yield event
  } catch {}
}

function* stubborn(): Coroutine<void> {
  yield* cleaner(SLOW_MS)
}

function* waiting(event: Event): Coroutine<unknown> {
  return yield event
}

const slowToDispose = {
  [Symbol.asyncDispose]: () => new Promise<void>(() => {}),
}

describe('a second kill with a shorter grace period', () => {
  it.each<[string, () => Coroutine]>([
    ['the task itself', stubborn],
    ['a callee', () => waiting(race([stubborn()]))],
    ['a branch of race', () => waiting(race([stubborn(), sleep(FOREVER_MS)]))],
    ['a branch of all', () => waiting(all([stubborn(), stubborn()]))],
    ['a branch of all with a limit', () => waiting(all([stubborn(), stubborn()], { limit: 1 }))],
    ['a branch of allSettled', () => waiting(allSettled([stubborn()]))],
    ['a branch of timeout', () => waiting(timeout(FOREVER_MS, stubborn()))],
    ['a branch of a branch', () => waiting(race([all([timeout(FOREVER_MS, stubborn())])]))],
    ['a loser that is being waited for', () => waiting(race([stubborn(), sleep(0.5)]))],
    ['what a timeout has cancelled', () => waiting(timeout(2, stubborn()))],
    ['the body of a group', () => waiting(group(stubborn))],
    [
      'a task in a group',
      () =>
        waiting(
          group(function* (g) {
            yield* g.spawn(stubborn)
            yield* spawn(stubborn)
          }),
        ),
    ],
    [
      'a group that has failed',
      () =>
        waiting(
          group(function* (g) {
            yield* g.spawn(stubborn)
            yield* sleep(1)
            throw new Error('of the body')
          }),
        ),
    ],
    ['a group in a branch', () => waiting(race([group(stubborn)]))],
    [
      'a shield',
      () =>
        waiting(
          shield(function* () {
            yield* sleep(SLOW_MS)
          }),
        ),
    ],
    ['a shield in a shield', () => waiting(shield(() => waiting(shield(() => waiting(sleep(SLOW_MS))))))],
    ['a shield in a branch', () => waiting(race([shield(() => waiting(sleep(SLOW_MS)))]))],
    ['a shield in a group', () => waiting(group(() => waiting(shield(() => waiting(sleep(SLOW_MS))))))],
    ['a shield in a clean-up', () => cleaningUp(() => waiting(shield(() => waiting(sleep(SLOW_MS)))))],
    ['a loser in a clean-up', () => cleaningUp(() => waiting(race([stubborn(), sleep(0.5)])))],
    ['a task that was spawned in a clean-up of a group', () => waiting(group(spawningLate))],
    ['a group in a clean-up', () => cleaningUp(() => waiting(group(() => waiting(sleep(SLOW_MS)))))],
    ['a branch in a clean-up', () => cleaningUp(() => waiting(race([waiting(sleep(SLOW_MS))])))],
  ])('shortens it for %s', async (_what, body) => {
    const { ended, timers } = await killTwice(body)

    expect(ended).toBeLessThanOrEqual(110) // A late task has the grace period twice.
    expect(ended).toBeGreaterThanOrEqual(60)
    expect(timers).toBe(0)
  })

  function* cleaningUp(cleanUp: () => Coroutine): Coroutine<void> {
    try {
      yield* sleep(FOREVER_MS)
    } finally {
      yield* cleanUp()
    }
  }

  function* spawningLate(): Coroutine<void> {
    try {
      yield* sleep(FOREVER_MS)
    } finally {
      yield* spawn(stubborn)
    }
  }

  it.each<[string, () => Coroutine]>([
    [
      'a value of a branch',
      () =>
        waiting(
          all([
            race([
              (function* () {
                return slowToDispose
              })(),
            ]),
            sleep(FOREVER_MS),
          ]),
        ),
    ],
    [
      'the value of a body',
      () =>
        waiting(
          group(function* (g) {
            yield* g.spawn(sleeping)
            return slowToDispose
          }),
        ),
    ],
  ])('shortens it for the disposal of %s', async (_what, body) => {
    const { ended, timers, kind } = await killTwice(body)

    expect({ ended, timers, kind }).toEqual({ ended: 60, timers: 0, kind: 'threw' })
  })

  function* sleeping(): Coroutine<void> {
    yield* sleep(FOREVER_MS)
  }

  it('does not lengthen it if its own ends later', async () => {
    const { ended } = await killTwice(stubborn, (task) => kill(task, { grace: 995 }))

    expect(ended).toBe(1001)
  })

  it('changes nothing once it is over', async () => {
    const { ended } = await killTwice(
      function* () {
        for (;;) {
          try {
            yield* sleep(FOREVER_MS)
          } catch {
            break
          }
        }
        try {
          yield* sleep(FOREVER_MS)
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          return
        }
      },
      (task) => all([kill(task, { grace: 5 }), kill(task, { grace: 0 })]),
    )

    expect(ended).toBe(10)
  })

  it('is one without a grace period of its own, which has that of the run', async () => {
    const { ended } = await killTwice(stubborn, (task) => kill(task), 20)

    expect(ended).toBe(30)
  })

  it('does not end what a clean-up does before the grace period is over', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(() =>
        cleaningUp(function* () {
          for (const event of [
            group(() => waiting(sleep(20))),
            shield(() => waiting(sleep(20))),
            race([waiting(sleep(20))]),
          ]) {
            yield event
            note('done')
          }
        }),
      )
      yield* pause()
      yield* all([0, 10, 30, 50].map((ms) => killAfter(ms, task)))
    })

    expect(log).toEqual(['20: done', '40: done', '60: done'])
  })

  function* killAfter(ms: number, task: Task): Coroutine<void> {
    yield* sleep(ms)
    yield* kill(task, { grace: 1000 - 2 * ms })
  }

  it('is the cancellation of its group', async () => {
    const { scheduler, host } = world()

    await scheduler.run(
      function* () {
        yield* group(function* (g) {
          const task = yield* g.spawn(stubborn)
          yield* pause()
          yield* spawn(function* () {
            yield* kill(task, { grace: 1000 })
          })
          yield* sleep(10)
          g.cancel()
        })
      },
      { grace: 30 },
    )

    expect(host.now()).toBe(40)
  })

  it('is the abort of the run by its signal', async () => {
    const { scheduler, host } = world()
    const controller = new AbortController()

    const error = await rejection(
      scheduler.run(
        function* () {
          const task = yield* spawn(function* () {
            yield* race([stubborn()])
          })
          yield* pause()
          yield* spawn(function* () {
            yield* kill(task, { grace: 1000 })
          })
          yield* sleep(10)
          controller.abort('stop')
        },
        { grace: 30, signal: controller.signal },
      ),
    )

    expect([error, host.now()]).toEqual(['stop', 40])
  })

  it.each([
    ['a task', stubborn],
    ['a task in a shield', () => waiting(shield(() => waiting(sleep(SLOW_MS))))],
    ['a late task', () => waiting(race([stubborn()]))],
  ])('is that of a TaskScope, for %s', async (_what, body) => {
    const { scheduler, host } = world()
    const scope = new TaskScope({ failed() {} })

    await scheduler.run(function* () {
      internals(scheduler).spawnUnder(scope, body)
      yield* sleep(1)
      scope.cancel(1000)
      yield* sleep(9)
      scope.cancel(50)
      scope.cancel(2000)
      scope.cancel()
      scope.cancel()
    })

    expect(host.now()).toBe(60)
  })

  it('counts for tasks that are spawned into the scope after it', async () => {
    const { scheduler, host } = world()
    const scope = new TaskScope({ failed() {} })

    await scheduler.run(function* () {
      internals(scheduler).spawnUnder(scope, stubborn)
      yield* sleep(1)
      scope.cancel(50)
      yield* sleep(1)
      internals(scheduler).spawnUnder(scope, stubborn)
    })

    expect(host.now()).toBe(52)
  })
})

describe('a kill from another scheduler', () => {
  it.each<[string, () => Coroutine]>([
    ['a task', stubborn],
    ['a task in a shield', () => waiting(shield(() => waiting(sleep(SLOW_MS))))],
  ])('shortens the grace period of %s at once', async (_what, body) => {
    const { scheduler, host } = world()
    const other = new Scheduler({ host, sites: false })
    let task: Task | undefined
    const over = other.run(function* () {
      task = yield* spawn(body)
      yield* pause()
      yield* kill(task, { grace: 1000 })
    })

    await scheduler.run(function* () {
      yield* sleep(10)
      yield* kill(task as Task, { grace: 50 })
    })
    await over

    expect(host.now()).toBe(60)
  })
})

describe('an abort between two turns', () => {
  it('ends a shield that waits for nothing but the outside', async () => {
    const { scheduler, host } = world()
    const controller = new AbortController()
    const over = rejection(
      scheduler.run(
        function* () {
          yield* shield(function* () {
            yield new Promise(() => {})
          })
        },
        { signal: controller.signal, grace: 20 },
      ),
    )
    await new Promise((resolve) => setImmediate(resolve))

    controller.abort('stop')

    expect(await over).toBe('stop')
    expect(host.now()).toBe(20)
  })
})
