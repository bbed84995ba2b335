import { connect, listen, server } from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { Simulation, simulate } from '@bluelet/net/testing'
import {
  AbandonedError,
  all,
  type Coroutine,
  DeadlockError,
  kill,
  pause,
  run,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { seeded } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { openSockets } from '../../support/leaks.js'
import { abort, echoer, exchange, pair } from '../simulated-pair.js'
import { rejection } from '../world.js'

describe('Simulation', () => {
  it('begins at 0, with nothing open', () => {
    const world = new Simulation()

    expect(world.now()).toBe(0)
    expect(world.network.descriptors).toBe(0)
    expect(world.network.operations).toBe(0)
    expect(world.network.links).toEqual([])
  })

  it('jumps to the next deadline, so that hours take no time', async () => {
    const world = new Simulation()
    const begin = performance.now()

    await run(
      function* () {
        for (let i = 0; i < 3600; i++) yield* sleep(1000)
      },
      { host: world, sites: false },
    )

    expect(world.now()).toBe(3_600_000)
    expect(performance.now() - begin).toBeLessThan(3_000)
  })

  it('is the host of a program that does not mention a network', async () => {
    const sockets: number[] = []
    const world = new Simulation()

    const reply = await run(
      function* () {
        yield* spawn(server('', 4915, echoer))
        const conn = yield* connect('localhost', 4915)
        sockets.push(openSockets())
        const reply = yield* exchange(conn, 'hello')
        conn.close()
        return reply
      },
      { host: world },
    )

    expect(reply).toBe('hello')
    expect(sockets).toEqual([openSockets()])
    expect(world.network.operations).toBeGreaterThan(0)
  })

  it('gives way to an explicit driver', async () => {
    const world = new Simulation()

    const reply = await run(() => realExchange(), { host: realSockets(world) })

    expect(reply).toBe('hello')
    expect(world.network.operations).toBe(0)
  })

  it('gives its network as the driver', () => {
    const world = new Simulation()

    expect(world.driver).toBe(world.network)
  })

  it('keeps what was reported', async () => {
    const world = new Simulation()
    const error = new Error('of a handler')

    await run(
      function* () {
        yield* spawn(
          server('', 4915, function* () {
            throw error
          }),
        )
        const conn = yield* connect('localhost', 4915)
        yield* conn.recv(1)
        conn.close()
      },
      { host: world },
    )

    expect(world.reports).toEqual([error])
  })

  it('follows the given schedule', () => {
    const schedule = seeded(1)

    expect(new Simulation({ schedule }).schedule).toBe(schedule)
  })

  it('randomizes the order of steps only on request', () => {
    expect(new Simulation({ seed: 7 }).schedule).toBe(undefined)
    expect(new Simulation({ seed: 7, shuffle: false }).schedule).toBe(undefined)
    expect(new Simulation({ seed: 7, shuffle: true }).schedule).toBeDefined()
  })

  it('draws the order of the tasks from its seed', async () => {
    const orders: string[] = []
    for (const seed of [1, 1, 2, 3, 4, 5]) {
      orders.push(await simulate(() => shuffled(), { seed, shuffle: true }))
    }

    expect(orders[1]).toBe(orders[0])
    expect(new Set(orders).size).toBeGreaterThan(3)
  })

  it.each([1.5, Number.NaN, '1'])('refuses the seed %s', (seed) => {
    expect(() => new Simulation({ seed: seed as number })).toThrow(RangeError)
  })

  it('detects a deadlock of two peers that wait for each other', async () => {
    const error = await rejection(
      simulate(function* main() {
        const { client, server } = yield* pair()
        yield* all([client.recv(1), server.recv(1)])
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect(error.waits).toEqual(['main#1 waits for all(2 yieldables)'])
  })

  it('can be inspected when it is driven by hand', () => {
    const world = new Simulation()
    const called: string[] = []

    const alarm = world.at(10, () => called.push('alarm'))
    world.cancel(alarm)
    world.onIdle(() => called.push('idle'))()

    expect(called).toEqual([])
    expect(world.sites).toBe(true)
    expect(world.simulates).toEqual(['socket', 'datagram', 'lookup'])
  })
})

describe('simulate', () => {
  it('gives what the program returns', async () => {
    expect(await simulate(shuffled)).toBe('abcabcabc')
  })

  it('throws what the program throws', async () => {
    const error = new Error('of the program')

    expect(
      await rejection(
        simulate(function* () {
          yield* sleep(1)
          throw error
        }),
      ),
    ).toBe(error)
  })

  it('throws what the function that makes the program throws', async () => {
    const error = new Error('before it began')

    expect(
      await rejection(
        simulate(() => {
          throw error
        }),
      ),
    ).toBe(error)
  })

  it('names the root after the program', async () => {
    const error = await rejection(
      simulate(function conversation() {
        return waiting()
      }),
    )

    expect(error.waits).toEqual(['conversation#1 waits for recv(1)'])
  })

  it('names the root of a program without a name', async () => {
    const error = await rejection(
      simulate(
        (
          () => () =>
            waiting()
        )(),
      ),
    )

    expect(error.waits).toEqual(['program#1 waits for recv(1)'])
  })

  it('passes itself to the program', async () => {
    const now = await simulate(function* (world) {
      yield* sleep(1234)
      return world.now()
    })

    expect(now).toBe(1234)
  })

  it('ends the servers that still wait when the program has returned, and runs their finally blocks', async () => {
    const log: string[] = []

    await simulate(function* (world) {
      yield* spawn(function* () {
        try {
          yield* server('', 4915, echoer)
        } finally {
          yield* sleep(10)
          log.push(`ended at ${world.now()}`)
        }
      })
      const conn = yield* connect('localhost', 4915)
      yield* exchange(conn, 'x')
      conn.close()
      yield* conn.whenClosed()
      log.push(`returned at ${world.now()}`)
    })

    expect(log).toEqual(['returned at 5', 'ended at 17'])
  })

  it('lets tasks finish that still have work to do', async () => {
    const log: string[] = []

    await simulate(function* (world) {
      yield* spawn(function* () {
        yield* sleep(60_000)
        log.push(`slept until ${world.now()}`)
      })
      yield* spawn(server('', 4915, echoer))
    })

    expect(log).toEqual(['slept until 60000'])
  })

  it('throws an unreported error of a handler', async () => {
    const error = new Error('of a handler')

    const thrown = await rejection(
      simulate(function* () {
        yield* spawn(
          server('', 4915, function* () {
            throw error
          }),
        )
        const conn = yield* connect('localhost', 4915)
        yield* conn.recv(1)
        conn.close()
      }),
    )

    expect(thrown).toBe(error)
  })

  it('does not throw an error that `onError` got', async () => {
    const told: unknown[] = []

    await simulate(function* () {
      yield* spawn(
        server(
          '',
          4915,
          function* () {
            throw new Error('of a handler')
          },
          { onError: (error) => void told.push(error) },
        ),
      )
      const conn = yield* connect('localhost', 4915)
      yield* conn.recv(1)
      conn.close()
    })

    expect(told).toHaveLength(1)
  })

  it('accepts the options of a run, a signal and a grace period', async () => {
    const signal = AbortSignal.abort('stop')
    const stubborn = function* (world: Simulation): Coroutine<number> {
      const task = yield* spawn(function* () {
        while (true) {
          try {
            yield* sleep(1000)
          } catch {}
        }
      })
      yield* pause()
      try {
        yield* kill(task)
      } catch (error) {
        if (!(error instanceof AbandonedError)) throw error
      }
      return world.now()
    }

    expect(await rejection(simulate(() => sleeper(), { signal }))).toBe('stop')
    expect(await simulate(stubborn, { grace: 70 })).toBe(70)
    expect(await simulate(stubborn)).toBe(5000)
  })

  it('accepts the options of the network', async () => {
    const now = await simulate(
      function* (world) {
        abort(yield* pair())
        return world.now()
      },
      { latency: 100 },
    )

    // The look-ups of two addresses, a round trip, and its confirmation.
    expect(now).toBe(500)
  })

  it('can run twice at the same time in one process', async () => {
    const conversation = (text: string, ms: number) =>
      function* (world: Simulation): Coroutine<readonly unknown[]> {
        yield* spawn(server('', 4915, echoer))
        const conn = yield* connect('localhost', 4915)
        const replies: string[] = []
        for (let i = 0; i < 20; i++) {
          replies.push(yield* exchange(conn, `${text}${i}`))
          yield* sleep(ms)
        }
        conn.close()
        return [replies, world.now(), world.network.operations]
      }
    const [one, other] = [conversation('one', 10), conversation('other', 77)]

    const alone = [await simulate(one, { seed: 1 }), await simulate(other, { seed: 2, latency: 9 })]
    const together = await Promise.all([simulate(one, { seed: 1 }), simulate(other, { seed: 2, latency: 9 })])

    expect(together).toEqual(alone)
    expect(together[0]![1]).not.toBe(together[1]![1])
  })
})

/** Three tasks that take three steps each. */
function* shuffled(): Coroutine<string> {
  let order = ''
  function* named(name: string): Coroutine<void> {
    for (let i = 0; i < 3; i++) {
      order += name
      yield* pause()
    }
  }
  yield* all([named('a'), named('b'), named('c')])
  return order
}

/** Waits for bytes that never arrive. */
function* waiting(): Coroutine<void> {
  const { client } = yield* pair()
  yield* client.recv(1)
}

function* sleeper(): Coroutine<void> {
  yield* sleep(1000)
}

/** An exchange with itself over the real network, for which virtual time does not stop. */
function* realExchange(): Coroutine<string> {
  const options = { driver: nodeDriver }
  const listener = yield* listen('127.0.0.1', 0, options)
  try {
    const client = yield* connect('127.0.0.1', listener.address.port, { ...options, timeout: Infinity })
    const conn = yield* listener.accept()
    yield* client.sendall('hello')
    const reply = String(yield* conn.readexactly(5))
    for (const end of [client, conn]) end.abort()
    for (const end of [client, conn]) yield* end.whenClosed()
    return reply
  } finally {
    listener.close()
  }
}

/**
 * The same simulation, except that it claims to simulate nothing, and so waits for real sockets.
 */
function realSockets(world: Simulation): Simulation {
  return new Proxy(world, {
    get(target, key) {
      if (key === 'ref' || key === 'unref') return () => target[key](undefined)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
