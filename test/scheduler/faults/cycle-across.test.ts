// Promise 5: a join cycle over several schedulers is an error at the join that closes it, whatever
// it passes through.
import {
  all,
  allSettled,
  type Coroutine,
  call,
  DeadlockError,
  type Event,
  group,
  join,
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
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { FOREVER_MS, sleeper } from '../coroutines.js'

/** How a task waits for another one. */
type Way = (task: Task) => Event

function* performing(event: Event): Coroutine<unknown> {
  return yield event
}

/**
 * Tasks of two schedulers in a circle, each of which waits for the next one. The last one closes
 * it. Gives the error that it got at its wait.
 */
async function circle(...ways: readonly Way[]): Promise<unknown> {
  const host = new VirtualHost()
  const tasks: Task[] = []
  let error: unknown = 'no error'
  const runs = [0, 1].map(() => {
    const scheduler = new Scheduler({ host, sites: false })
    return { scheduler, over: scheduler.run(() => performing(sleep(1000))) }
  })
  ways.forEach((way, i) => {
    const last = i === ways.length - 1
    tasks.push(
      runs[i % 2]?.scheduler.spawn(function* member() {
        yield* sleep(10 + i)
        try {
          yield way(tasks[(i + 1) % ways.length] as Task)
        } catch (caught) {
          if (last) error = caught
        }
      }) as Task,
    )
  })
  const ended = setTimeout(() => {
    for (const task of tasks) runs[0]?.scheduler.spawn(() => performing(kill(task, { grace: 0 })))
  }, 5000)
  await Promise.all(runs.map(({ over }) => over))
  clearTimeout(ended)
  return error
}

const ways: readonly (readonly [string, Way])[] = [
  ['join', (task) => join(task)],
  ['all', (task) => all([sleep(1), join(task)])],
  ['all with a limit', (task) => all([join(task), sleep(1)], { limit: 1 })],
  ['allSettled', (task) => allSettled([join(task), sleep(1)])],
  ['race of one', (task) => race([join(task)])],
  ['race of two', (task) => race([join(task), all([join(task)])])],
  ['timeout without limit', (task) => timeout(Number.POSITIVE_INFINITY, join(task))],
  ['group', (task) => group(() => performing(join(task)))],
  ['a task in a group', (task) => group(spawning(task))],
  ['call in a branch', (task) => all([call(performing, join(task))])],
  ['shield', (task) => shield(performing, join(task))],
  ['race in all in group', (task) => group(() => performing(all([race([join(task)])])))],
]

function spawning(task: Task) {
  return function* body(): Coroutine<void> {
    yield* spawn(performing, join(task))
  }
}

describe('a join cycle across schedulers', () => {
  it.each(ways)('through %s is an error at the join', async (_name, way) => {
    const error = await circle(way, join)

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it.each(ways.filter(([name]) => name !== 'allSettled'))(
    'that %s closes is an error there',
    async (_name, way) => {
      const error = await circle(join, way)

      expect(error).toBeInstanceOf(DeadlockError)
    },
  )

  it('that allSettled closes is the reason of its branch', async () => {
    let results: readonly PromiseSettledResult<unknown>[] = []

    await circle(join, (task) =>
      call(function* () {
        results = yield* allSettled([join(task)])
      }),
    )

    expect(results).toEqual([{ status: 'rejected', reason: expect.any(DeadlockError) }])
  })

  it('of four tasks names each of them', async () => {
    const error = await circle(
      join,
      (task) => all([join(task)]),
      (task) => group(() => performing(join(task))),
      join,
    )

    expect((error as DeadlockError).message).toBe(
      [
        'join(member#2) would wait for itself:',
        'member#3 waits for join(member#2)',
        'member#2 waits for join(member#2)',
        'member#2 waits for member#3 in all',
        'member#3 waits for group#4 in group',
        'group#4 waits for join(member#3)',
      ].join('\n  '),
    )
  })

  it.each<[string, Way]>([
    ['race, which another branch can end', (task) => race([join(task), sleep(100)])],
    ['race with a promise', (task) => race([join(task), new Promise((resolve) => setTimeout(resolve, 50))])],
    ['timeout, which ends it', (task) => timeout(100, join(task))],
    ['race in all', (task) => all([race([sleep(100), join(task)])])],
  ])('is none through %s', async (_name, way) => {
    const [begun, closed] = [await circle(way, join), await circle(join, way)]

    expect(begun).toBe('no error')
    expect(closed).not.toBeInstanceOf(DeadlockError)
  })

  it('through a kill is an error at the join in the clean-up', async () => {
    const host = new VirtualHost()
    const [one, other] = [new Scheduler({ host }), new Scheduler({ host })]
    let error: unknown
    let killer: Task | undefined
    const over = other.run(() => performing(sleep(100)))
    const victim = other.spawn(function* victim() {
      try {
        yield* sleep(FOREVER_MS)
      } finally {
        try {
          yield* join(killer as Task)
        } catch (caught) {
          error = caught
        }
      }
    })

    await one.run(function* () {
      killer = yield* spawn(function* killer() {
        yield* sleep(10)
        yield* kill(victim)
      })
      yield* join(killer)
    })
    await over

    expect((error as DeadlockError).waits).toEqual([
      'victim#2 waits for join(killer#2)',
      'killer#2 waits for kill(victim#2)',
    ])
    expect(host.now()).toBe(100)
  })

  it('within one scheduler is not searched for, and is the deadlock of its run, if another run waits', async () => {
    const host = new VirtualHost()
    const [one, other] = [new Scheduler({ host }), new Scheduler({ host })]
    const over = other.run(() => performing(sleep(100)))
    const sleeping = other.spawn(sleeper)
    let error: unknown = 'no error'
    let first: Task | undefined

    await one.run(function* () {
      yield* spawn(function* () {
        yield* race([join(sleeping), sleep(50)])
      })
      first = yield* spawn(function* () {
        yield* pause()
        yield* race([all([join(second)]), sleep(30)])
      })
      const second: Task = yield* spawn(function* () {
        try {
          yield* sleep(1)
          yield* all([join(first as Task)])
        } catch (caught) {
          error = caught
        }
      })
    })
    other.spawn(() => performing(kill(sleeping)))
    await over

    expect(error).toBe('no error')
  })
})
