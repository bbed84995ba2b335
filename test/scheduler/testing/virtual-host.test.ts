import { type Coroutine, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { type Schedule, VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it, vi } from 'vitest'
import { afterMacrotasks } from '../outside.js'

describe('VirtualHost', () => {
  it('starts at 0', () => {
    expect(new VirtualHost().now()).toBe(0)
  })

  it('jumps to the next deadline when no task is ready', async () => {
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

  it('lets promises settle before it jumps', async () => {
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

  it('serves two schedulers with the same time', async () => {
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

  it('simulates nothing by default', () => {
    expect(new VirtualHost().simulates).toEqual([])
  })

  it('keeps reported errors', () => {
    const host = new VirtualHost()
    const error = new Error('reported')

    host.report(error)

    expect(host.reports).toEqual([error])
  })

  it('does not fire a timer that was cancelled', async () => {
    const host = new VirtualHost()
    const made: string[] = []

    const timer = host.at(10, () => made.push('cancelled'))
    host.at(20, () => made.push('made'))
    host.cancel(timer)
    await afterMacrotasks(5)

    expect(made).toEqual(['made'])
  })

  it('ignores the cancellation of a timer that has fired', async () => {
    const host = new VirtualHost({ manual: true })
    const made: string[] = []
    const first = host.at(10, () => made.push('first'))
    host.at(20, () => made.push('second'))
    host.advance(10)

    host.cancel(first)
    host.advance(10)

    expect(made).toEqual(['first', 'second'])
  })

  it('lets time pass eventually although tasks spin without end', async () => {
    const host = new VirtualHost()
    let awake = false

    await new Scheduler({ host, budget: { steps: 1 } }).run(function* () {
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

  it('lets no time pass while tasks work for long, if they rest now and then', async () => {
    const host = new VirtualHost()

    await new Scheduler({ host }).run(function* () {
      for (let i = 0; i < 5000; i++) yield Promise.resolve()
    })

    expect(host.now()).toBe(0)
  })

  it('is idle when the real world is', () => {
    const takeBack = vi.fn()
    const onIdle = vi.spyOn(defaultHost, 'onIdle').mockReturnValue(takeBack)
    const callback = () => {}

    const detach = new VirtualHost().onIdle(callback)
    detach()

    expect(onIdle).toHaveBeenCalledExactlyOnceWith(callback)
    expect(takeBack).toHaveBeenCalledOnce()
    onIdle.mockRestore()
  })

  it('never goes back, even for a timer in the past', async () => {
    const host = new VirtualHost()
    host.advance(100)

    host.at(10, () => {})
    await afterMacrotasks(5)

    expect(host.now()).toBe(100)
  })
})

describe('onIdle', () => {
  /** Records the calls of the host and of its listener, in order. */
  function idling(): { host: VirtualHost; log: string[]; takeBack: () => void } {
    const host = new VirtualHost()
    const log: string[] = []
    const takeBack = host.onIdle(() => log.push('idle'))
    return { host, log, takeBack }
  }

  it('calls back when nothing is left to call, soon or at any time', async () => {
    const { host, log, takeBack } = idling()

    host.soon(() => log.push('soon'))
    host.at(10, () => log.push('at 10'))
    host.at(20, () => log.push('at 20'))
    await afterMacrotasks(10)

    expect(log).toEqual(['soon', 'at 10', 'at 20', 'idle'])
    takeBack()
  })

  it('calls back each time', async () => {
    const { host, log, takeBack } = idling()

    host.soon(() => log.push('first'))
    await afterMacrotasks(5)
    host.soon(() => log.push('second'))
    await afterMacrotasks(5)

    expect(log).toEqual(['first', 'idle', 'second', 'idle'])
    takeBack()
  })

  it('waits for a call of soon next to the last timer', async () => {
    const { host, log, takeBack } = idling()

    host.at(10, () => {
      log.push('at 10')
      host.soon(() => log.push('soon'))
    })
    await afterMacrotasks(10)

    expect(log).toEqual(['at 10', 'soon', 'idle'])
    takeBack()
  })

  it('is undone by the function that it returns', async () => {
    const { host, log, takeBack } = idling()

    takeBack()
    host.soon(() => log.push('soon'))
    await afterMacrotasks(5)

    expect(log).toEqual(['soon'])
  })
})

describe('a VirtualHost with a schedule', () => {
  /**
   * A schedule that makes the given choices, then always the usual one, and records the number of
   * options each time.
   */
  function choosing(...choices: number[]): Schedule & { readonly options: number[] } {
    const options: number[] = []
    return {
      options,
      choose(n) {
        options.push(n)
        return choices.shift() ?? 0
      },
    }
  }

  it('uses it to choose among the timers of one deadline, and for nothing else', () => {
    const schedule = choosing(2, 1)
    const host = new VirtualHost({ manual: true, schedule })
    const made: string[] = []
    for (const name of ['a', 'b', 'c']) host.at(10, () => made.push(name))
    host.at(20, () => made.push('d'))

    host.advance(20)

    expect([made, schedule.options]).toEqual([
      ['c', 'b', 'a', 'd'],
      [3, 2],
    ])
  })

  it('uses it to choose whether a due call comes while tasks are working', async () => {
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
      await afterMacrotasks(10)
      orders.push(order)
    }

    expect(orders).toEqual([
      ['first', 'second', 'due', 'not due'],
      ['first', 'due', 'second', 'not due'],
    ])
  })

  it('does not use it for calls that are not due while tasks are working', async () => {
    const schedule = choosing(1)
    const host = new VirtualHost({ schedule })
    host.at(10, () => {})
    host.soon(() => host.soon(() => {}))

    await afterMacrotasks(10)

    expect(schedule.options).toEqual([])
  })
})

describe('tasks that spin on a VirtualHost', () => {
  it('stop its time for 256 polls; then it advances by 1 ms with each poll', async () => {
    const host = new VirtualHost()
    const steps: number[] = []

    await new Scheduler({ host, sites: false, budget: { steps: 1 } }).run(function* () {
      while (host.now() < 10) {
        steps[host.now()] = (steps[host.now()] ?? 0) + 1
        yield pause()
      }
    })

    expect(steps).toEqual([257, 1, 1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('stop it again after a rest', async () => {
    const host = new VirtualHost()

    await new Scheduler({ host, sites: false, budget: { steps: 1 } }).run(function* () {
      while (host.now() < 10) yield pause()
      yield sleep(90)
      for (let steps = 0; steps < 200; steps++) yield pause()
    })

    expect(host.now()).toBe(100)
  })
})

describe('a manual VirtualHost', () => {
  it('makes no call by itself', async () => {
    const host = new VirtualHost({ manual: true })
    const called: string[] = []

    host.soon(() => called.push('soon'))
    host.at(0, () => called.push('at'))
    await afterMacrotasks(5)

    expect(called).toEqual([])
  })
})

describe('advance', () => {
  it('advances the time', () => {
    const host = new VirtualHost({ manual: true })

    host.advance(10)
    host.advance(0.5)

    expect(host.now()).toBe(10.5)
  })

  it('makes the calls that are due on the way, in order, each at its time', () => {
    const host = new VirtualHost({ manual: true })
    const made: string[] = []
    for (const [name, deadline] of [
      ['late', 30],
      ['first', 10],
      ['second', 10],
      ['too late', 31],
    ] as const) {
      host.at(deadline, () => made.push(`${name} at ${host.now()}`))
    }

    host.advance(30)

    expect(made).toEqual(['first at 10', 'second at 10', 'late at 30'])
  })

  it('makes a call that is set on the way, if it is due by then', () => {
    const host = new VirtualHost({ manual: true })
    const made: number[] = []
    const again = () => {
      made.push(host.now())
      host.at(host.now() + 10, again)
    }
    host.at(10, again)

    host.advance(35)

    expect(made).toEqual([10, 20, 30])
  })

  it('makes no call that was cancelled among others of the same time', () => {
    const host = new VirtualHost({ manual: true })
    const calls: number[] = []
    const timers = [0, 1, 2, 3].map((n) => host.at(5, () => void calls.push(n)))

    host.cancel(timers[1])
    host.cancel(timers[1])
    host.advance(5)
    host.cancel(timers[2])

    expect(calls).toEqual([0, 2, 3])
  })

  it('makes each call once', () => {
    const host = new VirtualHost({ manual: true })
    let made = 0
    host.at(10, () => made++)

    host.advance(10)
    host.advance(10)

    expect(made).toBe(1)
  })

  it.each([-1, Number.NaN, '1', undefined])('rejects %s', (ms) => {
    const host = new VirtualHost({ manual: true })

    expect(() => host.advance(ms as number)).toThrow(/^advance\(ms\): expected ms >= 0, got /)
    expect(host.now()).toBe(0)
  })
})
