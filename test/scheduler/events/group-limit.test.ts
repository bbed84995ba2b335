import { type Coroutine, group, kill, race, sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'

describe('a group with a limit', () => {
  it.each([[null], [2], ['limit']])('rejects %o in place of options', (options) => {
    expect(() => group(function* () {}, options as never)).toThrow(
      'group(body, options): expected an object such as { limit }, got ',
    )
  })

  it('runs so many tasks at once; the others stay new until there is room', async () => {
    const { scheduler, log, note } = world()
    function* job(name: string, ms: number): Coroutine<void> {
      note(`${name} begins`)
      yield* sleep(ms)
    }

    const states = await scheduler.run(function* () {
      return yield* group(
        function* (g) {
          const tasks = [
            yield* g.spawn(job, 'a', 10),
            yield* g.spawn(job, 'b', 20),
            yield* g.spawn(job, 'c', 5),
          ]
          yield* sleep(1)
          return tasks.map(({ state }) => state)
        },
        { limit: 2 },
      )
    })

    expect(states).toEqual(['parked', 'parked', 'new'])
    expect(log).toEqual(['0: a begins', '0: b begins', '10: c begins'])
  })

  it('goes on with the next one when a waiting task was killed', async () => {
    const begun: string[] = []
    function* job(name: string): Coroutine<void> {
      begun.push(name)
      yield* sleep(10)
    }

    await virtually(function* () {
      yield* group(
        function* (g) {
          yield* g.spawn(job, 'a')
          const b = yield* g.spawn(job, 'b')
          yield* g.spawn(job, 'c')
          yield* kill(b)
        },
        { limit: 1 },
      )
    })

    expect(begun).toEqual(['a', 'c'])
  })

  it.each([
    ['one fails', true],
    ['it loses a race', false],
  ])('never begins those that wait when %s', async (_title, fails) => {
    let begun = 0
    function* job(): Coroutine<void> {
      begun++
      yield* sleep(10)
      if (fails) throw failure()
      yield* sleep(100)
    }
    const jobs = group(
      function* (g) {
        for (let i = 0; i < 3; i++) yield* g.spawn(job)
      },
      { limit: 1 },
    )

    await rejection(
      virtually(function* () {
        yield* race([jobs, sleep(50)])
        throw failure()
      }),
    )

    expect(begun).toBe(1)
  })

  it('rejects a limit that is no positive integer', () => {
    expect(() => group(function* () {}, { limit: 0 })).toThrow(
      'group: limit: expected a positive integer, got 0',
    )
  })
})
