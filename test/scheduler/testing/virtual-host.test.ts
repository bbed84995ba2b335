import { type Coroutine, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { type Schedule, VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it, vi } from 'vitest'

describe('VirtualHost', () => {
  it('begins at 0', () => {
    expect(new VirtualHost().now()).toBe(0)
  })

  it('jumps to the next deadline when nothing is ready', async () => {
    const host = new VirtualHost()
    const times: number[] = []

    await new Scheduler({ host }).run(function* () {
      for (const ms of [1000, 1, 86_400_000]) {
        yield sleep(ms)
        times.push(host.now())
      }
    })

    expect(times).toEqual([1000, 1001, 86_401_001])
  })

  it('lets promises be heard before it jumps', async () => {
    const host = new VirtualHost()
    const order: string[] = []

    await new Scheduler({ host }).run(function* () {
      yield spawn(function* (): Coroutine<void> {
        yield (async () => {
          for (let i = 0; i < 10; i++) await null
        })()
        order.push(`promise at ${host.now()}`)
      })
      yield sleep(10)
      order.push(`slept at ${host.now()}`)
    })

    expect(order).toEqual(['promise at 0', 'slept at 10'])
  })

  it('serves two schedulers in one time', async () => {
    const host = new VirtualHost()
    const order: string[] = []
    function* sleeper(name: string, ms: number): Coroutine<void> {
      yield sleep(ms)
      order.push(`${name} at ${host.now()}`)
    }

    await Promise.all([
      new Scheduler({ host }).run(() => sleeper('a', 20)),
      new Scheduler({ host }).run(() => sleeper('b', 10)),
    ])

    expect(order).toEqual(['b at 10', 'a at 20'])
  })

  it('simulates nothing unless it is told', () => {
    expect(new VirtualHost().simulates).toEqual([])
  })

  it('keeps what was reported', () => {
    const host = new VirtualHost()
    const error = new Error('reported')

    host.report(error)

    expect(host.reports).toEqual([error])
  })

  it('does not ring an alarm that was cancelled', async () => {
    const host = new VirtualHost()
    const rung: string[] = []

    const alarm = host.at(10, () => rung.push('cancelled'))
    host.at(20, () => rung.push('rung'))
    host.cancel(alarm)
    await macrotasks(5)

    expect(rung).toEqual(['rung'])
  })

  it('leaves the others alone when an alarm is cancelled that has rung', async () => {
    const host = new VirtualHost({ manual: true })
    const rung: string[] = []
    const first = host.at(10, () => rung.push('first'))
    host.at(20, () => rung.push('second'))
    host.advance(10)

    host.cancel(first)
    host.advance(10)

    expect(rung).toEqual(['first', 'second'])
  })

  it('lets time pass in the end though tasks spin without end', async () => {
    const host = new VirtualHost()
    let awake = false

    await new Scheduler({ host, budgetSteps: 1 }).run(function* () {
      yield spawn(function* () {
        yield sleep(3)
        awake = true
      })
      while (!awake) yield pause()
    })

    // A step or two later, at one step a poll.
    expect(host.now()).toBeGreaterThanOrEqual(3)
    expect(host.now()).toBeLessThan(10)
  })

  it('lets no time pass though tasks work for long, if they rest at times', async () => {
    const host = new VirtualHost()

    await new Scheduler({ host }).run(function* () {
      for (let i = 0; i < 5000; i++) yield Promise.resolve()
    })

    expect(host.now()).toBe(0)
  })

  it('is exhausted when the real world is', () => {
    const takeBack = () => {}
    const asked = vi.spyOn(defaultHost, 'onExhausted').mockReturnValue(takeBack)
    const callback = () => {}

    const given = new VirtualHost().onExhausted(callback)

    expect(asked).toHaveBeenCalledExactlyOnceWith(callback)
    expect(given).toBe(takeBack)
    asked.mockRestore()
  })

  it('never goes back, for an alarm of the past either', async () => {
    const host = new VirtualHost()
    host.advance(100)

    host.at(10, () => {})
    await macrotasks(5)

    expect(host.now()).toBe(100)
  })
})

describe('onIdle', () => {
  /** What the host and its listener call, in order. */
  function idling(): { host: VirtualHost; log: string[]; takeBack: () => void } {
    const host = new VirtualHost()
    const log: string[] = []
    return { host, log, takeBack: host.onIdle(() => log.push('idle')) }
  }

  it('calls back when nothing is left to call, soon or at any time', async () => {
    const { host, log } = idling()

    host.soon(() => log.push('soon'))
    host.at(10, () => log.push('at 10'))
    host.at(20, () => log.push('at 20'))
    await macrotasks(10)

    expect(log).toEqual(['soon', 'at 10', 'at 20', 'idle'])
  })

  it('calls back each time', async () => {
    const { host, log } = idling()

    host.soon(() => log.push('first'))
    await macrotasks(5)
    host.soon(() => log.push('second'))
    await macrotasks(5)

    expect(log).toEqual(['first', 'idle', 'second', 'idle'])
  })

  it('waits for what is called soon beside the last alarm', async () => {
    const { host, log } = idling()

    host.at(10, () => {
      log.push('at 10')
      host.soon(() => log.push('soon'))
    })
    await macrotasks(10)

    expect(log).toEqual(['at 10', 'soon', 'idle'])
  })

  it('is taken back by what it returns', async () => {
    const { host, log, takeBack } = idling()

    takeBack()
    host.soon(() => log.push('soon'))
    await macrotasks(5)

    expect(log).toEqual(['soon'])
  })
})

describe('a VirtualHost with a schedule', () => {
  /** A schedule that makes the given choices, then the usual one, and notes among how many it was to choose. */
  function choosing(...choices: number[]): Schedule & { readonly asked: number[] } {
    const asked: number[] = []
    return {
      asked,
      choose(n) {
        asked.push(n)
        return choices.shift() ?? 0
      },
    }
  }

  it('lets it choose among the alarms of one deadline, and nothing else', () => {
    const schedule = choosing(2, 1)
    const host = new VirtualHost({ manual: true, schedule })
    const rung: string[] = []
    for (const name of ['a', 'b', 'c']) host.at(10, () => rung.push(name))
    host.at(20, () => rung.push('d'))

    host.advance(20)

    expect([rung, schedule.asked]).toEqual([
      ['c', 'b', 'a', 'd'],
      [3, 2],
    ])
  })

  it('lets it choose whether what is due comes while tasks are at work', async () => {
    const orders: string[][] = []
    for (const choice of [0, 1]) {
      const host = new VirtualHost({ schedule: choosing(choice) })
      const order: string[] = []
      host.at(0, () => order.push('due'))
      host.at(1, () => order.push('not due'))
      host.soon(() => {
        order.push('first')
        host.soon(() => order.push('second'))
      })
      await macrotasks(10)
      orders.push(order)
    }

    expect(orders).toEqual([
      ['first', 'second', 'due', 'not due'],
      ['first', 'due', 'second', 'not due'],
    ])
  })

  it('asks it nothing about what is not due yet, while tasks are at work', async () => {
    const schedule = choosing(1)
    const host = new VirtualHost({ schedule })
    host.at(10, () => {})
    host.soon(() => host.soon(() => {}))

    await macrotasks(10)

    expect(schedule.asked).toEqual([])
  })
})

describe('tasks that spin on a VirtualHost', () => {
  it('stop its time for 256 polls, and from then on it goes by 1 ms with each', async () => {
    const host = new VirtualHost()
    const steps: number[] = []

    await new Scheduler({ host, sites: false, budgetSteps: 1 }).run(function* () {
      while (host.now() < 10) {
        steps[host.now()] = (steps[host.now()] ?? 0) + 1
        yield pause()
      }
    })

    expect(steps).toEqual([257, 1, 1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('have it stand still again after a rest', async () => {
    const host = new VirtualHost()

    await new Scheduler({ host, sites: false, budgetSteps: 1 }).run(function* () {
      while (host.now() < 10) yield pause()
      yield sleep(90)
      for (let steps = 0; steps < 200; steps++) yield pause()
    })

    expect(host.now()).toBe(100)
  })
})

describe('a manual VirtualHost', () => {
  it('calls nothing by itself', async () => {
    const host = new VirtualHost({ manual: true })
    const called: string[] = []

    host.soon(() => called.push('soon'))
    host.at(0, () => called.push('at'))
    await macrotasks(5)

    expect(called).toEqual([])
  })
})

describe('advance', () => {
  it('moves the time on', () => {
    const host = new VirtualHost({ manual: true })

    host.advance(10)
    host.advance(0.5)

    expect(host.now()).toBe(10.5)
  })

  it('calls what is due on the way, in order, each at its time', () => {
    const host = new VirtualHost({ manual: true })
    const rung: string[] = []
    for (const [name, deadline] of [
      ['late', 30],
      ['first', 10],
      ['second', 10],
      ['too late', 31],
    ] as const) {
      host.at(deadline, () => rung.push(`${name} at ${host.now()}`))
    }

    host.advance(30)

    expect(rung).toEqual(['first at 10', 'second at 10', 'late at 30'])
  })

  it('calls what is set on the way, if it is due by then', () => {
    const host = new VirtualHost({ manual: true })
    const rung: number[] = []
    const again = () => {
      rung.push(host.now())
      host.at(host.now() + 10, again)
    }
    host.at(10, again)

    host.advance(35)

    expect(rung).toEqual([10, 20, 30])
  })

  it('calls each once', () => {
    const host = new VirtualHost({ manual: true })
    let rung = 0
    host.at(10, () => rung++)

    host.advance(10)
    host.advance(10)

    expect(rung).toBe(1)
  })

  it.each([-1, Number.NaN, '1', undefined])('refuses %s', (ms) => {
    const host = new VirtualHost({ manual: true })

    expect(() => host.advance(ms as number)).toThrow(/^advance\(ms\): expected ms >= 0, got /)
    expect(host.now()).toBe(0)
  })
})

async function macrotasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
