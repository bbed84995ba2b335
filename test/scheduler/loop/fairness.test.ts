// Promise 2: fairness. The host here is an event loop in which only the tasks advance the time,
// since in the virtual host no time passes while a task is ready.
import { Channel, type Coroutine, pause, run, Scheduler, sleep } from '@bluelet/scheduler'
import { defaultHost, type Host } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'

/**
 * A model of Node's event loop: a pass makes the calls of I/O, then those of due timers, then those
 * of `soon`.
 */
class Loop implements Host {
  time = 0
  passes = 0
  #soon: (() => void)[] = []
  #arrivals: { at: number; callback: () => void }[] = []
  #timers: { at: number; callback: () => void }[] = []

  now(): number {
    return this.time
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  at(deadline: number, callback: () => void): unknown {
    const timer = { at: deadline, callback }
    this.#timers.push(timer)
    return timer
  }

  cancel(timer: unknown): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
  }

  report(error: unknown): void {
    throw error
  }

  /** Schedules the arrival of some bytes. */
  arrive(at: number, callback: () => void): void {
    this.#arrivals.push({ at, callback })
  }

  /** Passes until there is nothing left to call, or the given number of times. */
  async run(passes = Number.POSITIVE_INFINITY): Promise<void> {
    for (; passes > 0 && this.#isAlive(); passes--) {
      this.passes++
      if (this.#soon.length === 0) this.time = Math.max(this.time, this.#next())
      this.#arrivals = this.#call(this.#arrivals)
      this.#timers = this.#call(this.#timers)
      for (const callback of this.#soon.splice(0)) callback()
      await undefined
    }
  }

  #isAlive(): boolean {
    return this.#soon.length + this.#arrivals.length + this.#timers.length > 0
  }

  #next(): number {
    return Math.min(...[...this.#arrivals, ...this.#timers].map(({ at }) => at))
  }

  #call(list: { at: number; callback: () => void }[]): { at: number; callback: () => void }[] {
    const due = list.filter(({ at }) => at <= this.time)
    const later = list.filter(({ at }) => at > this.time)
    for (const { callback } of due) callback()
    return later
  }
}

describe('a turn', () => {
  it('is followed by the next one, with no pass of the host in between, until the budget is used up', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop, budget: { steps: 3 } })
    const passes: number[] = []
    function* stepper() {
      for (let i = 0; i < 3; i++) {
        passes.push(loop.passes)
        yield pause()
      }
    }

    scheduler.spawn(stepper)
    scheduler.spawn(stepper)
    void scheduler.run(function* () {})
    await loop.run()

    // Two steppers and the root, which ends in its first step; there is room for one more step of
    // the first in this pass.
    expect(passes).toEqual([1, 1, 2, 2, 2, 3])
  })

  it('takes no more steps than its budget', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop, budget: { steps: 4 } })
    const steps = new Map<number, string>()
    function* stepper(name: string) {
      steps.set(loop.passes, (steps.get(loop.passes) ?? '') + name)
    }

    for (const name of 'abcdefghij') scheduler.spawn(stepper, name)
    void scheduler.run(function* () {})
    await loop.run()

    expect([...steps.values()]).toEqual(['abcd', 'efgh', 'ij'])
  })

  it('exceeds its budget of time by no more than a step, when steps are slow', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop, budget: { time: 2 } })
    const steps = new Map<number, string>()
    function* stepper(name: string) {
      steps.set(loop.passes, (steps.get(loop.passes) ?? '') + name)
      loop.time += 1
    }

    for (const name of 'abcde') scheduler.spawn(stepper, name)
    void scheduler.run(function* () {})
    await loop.run()

    expect([...steps.values()]).toEqual(['ab', 'cd', 'e'])
  })

  it.each([0, -1, 1.5, Number.NaN])('rejects a budget of %d steps', (steps) => {
    expect(() => new Scheduler({ budget: { steps } })).toThrow(RangeError)
  })

  it.each([0, -1, Number.NaN])('rejects a budget of %d ms', (time) => {
    expect(() => new Scheduler({ budget: { time } })).toThrow(RangeError)
  })

  it('steps every ready task once before any of them twice', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop, budget: { steps: 7 } })
    const steps = new Array<number>(20).fill(0)
    let apart = 0
    function* stepper(n: number) {
      for (let i = 0; i < 50; i++) {
        steps[n]!++
        apart = Math.max(apart, Math.max(...steps) - Math.min(...steps))
        yield pause()
      }
    }

    for (let n = 0; n < 20; n++) scheduler.spawn(stepper, n)
    void scheduler.run(function* () {})
    await loop.run()

    expect(apart).toBe(1)
  })
})

describe('a task that never waits', () => {
  function spin(scheduler: Scheduler, loop: Loop, count: number): void {
    for (let i = 0; i < count; i++) {
      scheduler.spawn(function* () {
        while (loop.time < 1000) {
          loop.time += 0.01
          yield pause()
        }
      })
    }
  }

  it('does not starve a sleeper, nor do a hundred such tasks', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop })
    let woke = 0
    spin(scheduler, loop, 100)

    void scheduler.run(function* () {
      yield sleep(50)
      woke = loop.time
    })
    await loop.run()

    expect(woke).toBeGreaterThanOrEqual(50)
    expect(woke).toBeLessThan(55)
  })

  it('does not starve I/O, nor do a hundred such tasks', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop })
    const bytes = new Channel<number>({ external: true })
    const late: number[] = []
    spin(scheduler, loop, 100)
    for (let at = 10; at <= 500; at += 10) loop.arrive(at, () => bytes.trySend(at))

    void scheduler.run(function* () {
      for (let i = 0; i < 50; i++) {
        const at = yield* bytes.receive()
        late.push(loop.time - at)
      }
    })
    await loop.run()

    expect(late).toHaveLength(50)
    expect(Math.max(...late)).toBeLessThan(5)
  })

  it('does not starve another task', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop })
    let steps = 0
    spin(scheduler, loop, 1)

    void scheduler.run(function* () {
      while (loop.time < 1000) {
        steps++
        yield pause()
      }
    })
    await loop.run()

    expect(steps).toBeGreaterThan(99_000)
  })

  it('does not starve a sleeper when two tasks play ping-pong over channels', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop })
    const [ping, pong] = [new Channel<number>({ capacity: 0 }), new Channel<number>({ capacity: 0 })]
    let woke = 0
    function* player(take: Channel<number>, give: Channel<number>): Coroutine<void> {
      while (loop.time < 200) {
        loop.time += 0.01
        yield take.receive()
        yield give.send(1)
      }
    }

    scheduler.spawn(player, ping, pong)
    scheduler.spawn(function* () {
      yield ping.send(1)
      yield* player(pong, ping)
    })
    void scheduler
      .run(function* () {
        yield sleep(50)
        woke = loop.time
      })
      .catch(() => {})
    await loop.run()

    expect(woke).toBeGreaterThanOrEqual(50)
    expect(woke).toBeLessThan(55)
  })

  it('does not starve a sleeper by sleeping 0', async () => {
    const loop = new Loop()
    const scheduler = new Scheduler({ host: loop })
    let woke = 0
    scheduler.spawn(function* () {
      while (loop.time < 200) {
        loop.time += 0.01
        yield sleep(0)
      }
    })

    void scheduler.run(function* () {
      yield sleep(50)
      woke = loop.time
    })
    await loop.run()

    expect(woke).toBeLessThan(55)
  })

  it('lets setImmediate, timers and promises of the platform run, on the default host', async () => {
    const happened = new Set<string>()
    setImmediate(() => happened.add('immediate'))
    setTimeout(() => happened.add('timer'), 0)
    void Promise.resolve().then(() => happened.add('promise'))

    await run(
      function* () {
        while (happened.size < 3) yield pause()
      },
      { host: defaultHost },
    )

    expect(happened.size).toBe(3)
  })
})
