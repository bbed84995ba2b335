import { kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { world } from '../world.js'

eventSuite('sleep', {
  *fulfilled() {
    return sleep(10)
  },
  value: undefined,
  awaited: () => sleep(0),
  *waiting() {
    return sleep(1e12)
  },
})

describe('sleep', () => {
  it('resumes when the time has passed and not before', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      yield sleep(86_400_000)
    })

    expect(host.now()).toBe(86_400_000)
  })

  it('wakes by deadline, whatever the order of the yields', async () => {
    const { scheduler, log, note } = world()
    function* sleeper(ms: number) {
      yield sleep(ms)
      note(`slept ${ms}`)
    }

    await scheduler.run(function* () {
      for (const ms of [30, 10, 20]) yield spawn(sleeper, ms)
    })

    expect(log).toEqual(['10: slept 10', '20: slept 20', '30: slept 30'])
  })

  it('wakes tasks that are due together in the order in which they began', async () => {
    const { scheduler, log, note } = world()
    function* sleeper(name: string) {
      yield sleep(10)
      note(name)
    }

    await scheduler.run(function* () {
      for (const name of ['a', 'b', 'c', 'd', 'e']) yield spawn(sleeper, name)
    })

    expect(log).toEqual(['10: a', '10: b', '10: c', '10: d', '10: e'])
  })

  it('keeps that order when one of them is killed', async () => {
    const { scheduler, log, note } = world()
    function* sleeper(name: string) {
      yield sleep(10)
      note(name)
    }

    await scheduler.run(function* () {
      yield spawn(sleeper, 'a')
      const b = yield* spawn(sleeper, 'b')
      yield spawn(sleeper, 'c')
      yield spawn(sleeper, 'd')
      yield pause()
      yield kill(b)
    })

    expect(log).toEqual(['10: a', '10: c', '10: d'])
  })

  it('counts from the yield, not from the creation of the event', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const nap = sleep(10)
      yield sleep(100)
      yield nap
    })

    expect(host.now()).toBe(110)
  })

  it('lets the other tasks go first when it is 0', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield spawn(function* other() {
        note('other')
      })
      yield sleep(0)
      note('sleeper')
    })

    expect(log).toEqual(['0: other', '0: sleeper'])
  })

  it('accepts longer times than a timer of the platform does', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      yield sleep(2 ** 31 + 1)
    })

    expect(host.now()).toBe(2 ** 31 + 1)
  })

  it.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])('rejects %d', (ms) => {
    expect(() => sleep(ms)).toThrow(new RangeError(`sleep(ms): expected ms >= 0, got ${ms}`))
  })

  it('rejects a string, and shows it as one', () => {
    expect(() => sleep('5' as never)).toThrow(new RangeError('sleep(ms): expected ms >= 0, got "5"'))
  })

  it('of Infinity waits until it is killed', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(Number.POSITIVE_INFINITY)
        } finally {
          note('killed')
        }
      })
      yield sleep(1e9)
      yield kill(task)
    })

    expect(log).toEqual(['1000000000: killed'])
  })
})
