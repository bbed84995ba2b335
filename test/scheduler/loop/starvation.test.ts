// Starvation, as tokio, curio and trio test it: what keeps an event loop busy without end, and what
// must proceed nevertheless. Also on the real event loop, where steps are counted rather than
// milliseconds. fairness.test.ts and budget.test.ts test the bounds.
import {
  Channel,
  type Coroutine,
  join,
  Latch,
  pause,
  run,
  Scheduler,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { defaultHost, type Host } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'

/**
 * The hosts on which nothing may starve. They poll often, so that virtual time does not take
 * millions of steps.
 */
const HOSTS: readonly (readonly [string, () => Host])[] = [
  ['in virtual time', () => new VirtualHost()],
  ['on the real event loop', () => defaultHost],
]

/** A bound that only a test with starvation reaches; it makes such a test end. */
const MAX_STEPS = 5_000_000

/** Takes steps until it is stopped. */
class Busy {
  steps = 0
  #stopped = false;

  *spin(): Coroutine<void> {
    while (this.going()) yield* pause()
  }

  going(): boolean {
    return !this.#stopped && ++this.steps < MAX_STEPS
  }

  stop(): void {
    this.#stopped = true
  }
}

describe.each(HOSTS)('%s', (_name, host) => {
  const options = () => ({ host: host(), sites: false, budget: { steps: 64 } })

  it('a hundred tasks that repeatedly sleep 0 do not starve one that sleeps longer', async () => {
    // curio: test_sleep_0_starvation
    const busy = new Busy()
    let woke = false

    await run(function* () {
      for (let i = 0; i < 100; i++) {
        yield* spawn(function* () {
          while (busy.going()) yield* sleep(0)
        })
      }
      yield* sleep(5)
      woke = true
      busy.stop()
    }, options())

    expect(woke).toBe(true)
    expect(busy.steps).toBeLessThan(MAX_STEPS)
  })

  it('two tasks that play ping-pong do not starve a third', async () => {
    // curio: test_ping_pong_starvation
    const busy = new Busy()
    const [ping, pong] = [new Channel<number>(), new Channel<number>()]
    function* player(take: Channel<number>, give: Channel<number>): Coroutine<void> {
      while (busy.going()) {
        yield* give.send(1)
        yield* take.receive()
      }
      give.trySend(0)
    }
    let woke = false

    await run(function* () {
      yield* spawn(player(ping, pong))
      yield* spawn(player(pong, ping))
      yield* sleep(5)
      woke = true
      busy.stop()
    }, options())

    expect(woke).toBe(true)
    expect(busy.steps).toBeLessThan(MAX_STEPS)
  })

  it('many pairs that play ping-pong all make the same progress, and other tasks proceed', async () => {
    // tokio: ping_pong_saturation
    const PAIRS = 100
    const rounds = new Array<number>(PAIRS).fill(0)
    const apart: number[] = []
    const busy = new Busy()
    const start = new Latch()
    function* player(n: number, take: Channel<number>, give: Channel<number>): Coroutine<void> {
      yield* start.wait()
      while (busy.going()) {
        rounds[n]!++
        yield* give.send(1)
        yield* take.receive()
      }
      give.trySend(0)
    }

    await run(function* () {
      for (let n = 0; n < PAIRS; n++) {
        const [ping, pong] = [new Channel<number>(), new Channel<number>()]
        yield* spawn(player(n, ping, pong))
        yield* spawn(player(n, pong, ping))
      }
      start.open()
      for (let i = 0; i < 20; i++) {
        for (let steps = 0; steps < 50; steps++) yield* pause()
        apart.push(Math.max(...rounds) - Math.min(...rounds))
      }
      busy.stop()
    }, options())

    expect(Math.min(...rounds)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...apart)).toBeLessThanOrEqual(2)
  })

  it('a callback that schedules itself again starves no task, and no task starves it', async () => {
    // trio: run_sync_soon_starvation_resistance
    const here = options()
    const calls = new Channel<number>({ external: true })
    let [called, stepped] = [0, 0]
    let over = false
    const again = () => {
      called++
      calls.trySend(called)
      if (!over && called < MAX_STEPS) here.host.soon(again)
    }

    await run(function* () {
      here.host.soon(again)
      yield* spawn(function* () {
        while ((yield* calls.receive()) < 200) continue
      })
      while (called < 500) {
        stepped++
        yield* pause()
      }
      over = true
    }, here)

    // Each poll makes one call, after at most a budget of steps.
    expect(stepped).toBeGreaterThanOrEqual(499)
    expect(stepped).toBeLessThanOrEqual(64 * 500)
  })

  it('an endless chain of tasks, each of which spawns the next and ends, starves no task', async () => {
    const busy = new Busy()
    function* chain(): Coroutine<void> {
      if (busy.going()) yield* spawn(chain)
    }
    let woke = false

    await run(function* () {
      yield* spawn(chain)
      yield* sleep(5)
      woke = true
      busy.stop()
    }, options())

    expect(woke).toBe(true)
  })

  it('a hundred spinning tasks do not starve a promise', async () => {
    const busy = new Busy()

    const value = await run(function* () {
      for (let i = 0; i < 100; i++) yield* spawn(() => busy.spin())
      let value = 0
      for (let i = 0; i < 20; i++) value += yield* promised(1)
      busy.stop()
      return value
    }, options())

    expect(value).toBe(20)
    expect(busy.steps).toBeLessThan(MAX_STEPS)
  })
})

describe('on the real event loop', () => {
  it('a hundred spinning tasks let I/O happen after every budget of steps', async () => {
    const busy = new Busy()
    const scheduler = new Scheduler({
      host: defaultHost,
      budget: { steps: 1000, time: Number.POSITIVE_INFINITY },
    })
    const stepsBetween: number[] = []

    await scheduler.run(function* () {
      const tasks: Task[] = []
      for (let i = 0; i < 100; i++) tasks.push(yield* spawn(() => busy.spin()))
      let last = busy.steps
      const look = () => {
        stepsBetween.push(busy.steps - last)
        last = busy.steps
        if (stepsBetween.length < 50) setImmediate(look)
        else busy.stop()
      }
      setImmediate(look)
      for (const task of tasks) yield* join(task)
    })

    // The root's steps are not counted.
    expect(Math.max(...stepsBetween)).toBeLessThanOrEqual(1000)
    expect(stepsBetween).toHaveLength(50)
  })
})

/** Waits for a promise of the real world. */
function* promised(value: number): Coroutine<number> {
  return (yield new Promise<number>((resolve) => setImmediate(resolve, value))) as number
}
