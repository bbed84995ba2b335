import { type Coroutine, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'

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

  it('never goes back, for an alarm of the past either', async () => {
    const host = new VirtualHost()
    host.advance(100)

    host.at(10, () => {})
    await macrotasks(5)

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

    expect(() => host.advance(ms as number)).toThrow(RangeError)
    expect(host.now()).toBe(0)
  })
})

async function macrotasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
