// Every wait of both packages that a timer ends, in virtual time.
import { connect, server } from '@bluelet/net'
import { type Simulation, type SimulationOptions, simulate } from '@bluelet/net/testing'
import {
  type Coroutine,
  callback,
  kill,
  Latch,
  race,
  sleep,
  spawn,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { abort, echoer, exchange, pair } from '../simulated-pair.js'
import { errorOf, HOUR_MS } from '../world.js'

/** The virtual time that a coroutine takes. */
function took(
  act: (world: Simulation) => Coroutine<unknown>,
  options: SimulationOptions = {},
): Promise<number> {
  return simulate(function* (world) {
    const begin = world.now()
    yield* act(world)
    return world.now() - begin
  }, options)
}

const hanging = { addresses: { '10.0.0.1': 'hang', '10.0.0.2': 'hang', '10.0.0.3': 'hang' } }

describe('in virtual time, without waiting:', () => {
  it('sleep ends', async () => {
    expect(
      await took(function* () {
        yield* sleep(HOUR_MS)
      }),
    ).toBe(HOUR_MS)
  })

  it('timeout ends a wait for bytes', async () => {
    const found = await simulate(function* (world) {
      const ends = yield* pair()
      const begin = world.now()
      const error = yield* errorOf(timeout(HOUR_MS, ends.client.recv(1)))
      abort(ends)
      return { error, ms: world.now() - begin }
    })

    expect(found.error).toBeInstanceOf(TimeoutError)
    expect(found.ms).toBe(HOUR_MS)
  })

  it('race withdraws a wait for bytes after a sleep', async () => {
    const ms = await simulate(function* (world) {
      const ends = yield* pair()
      const begin = world.now()
      yield* race([ends.client.recv(1), sleep(HOUR_MS)])
      abort(ends)
      return world.now() - begin
    })

    expect(ms).toBe(HOUR_MS)
  })

  it('a callback of the simulation is called', async () => {
    expect(
      await took(function* (world) {
        yield* callback<void>((resume) => void world.at(world.now() + HOUR_MS, resume))
      }),
    ).toBe(HOUR_MS)
  })

  it('connect fails after 10 s', async () => {
    const ms = await took(function* () {
      yield* errorOf(connect('10.0.0.1', 4915))
    }, hanging)

    expect(ms).toBe(10_000)
  })

  it('connect fails after its timeout', async () => {
    const ms = await took(function* () {
      yield* errorOf(connect('10.0.0.1', 4915, { timeout: HOUR_MS }))
    }, hanging)

    expect(ms).toBe(HOUR_MS)
  })

  it('connect tries the next address after 250 ms, and the third after 500', async () => {
    const tries: string[] = []
    let now = () => 0

    await simulate(
      function* (world) {
        now = () => world.now()
        yield* errorOf(connect('many.test', 4915, { timeout: 1000 }))
      },
      {
        ...hanging,
        latency: 0,
        names: { 'many.test': ['10.0.0.1', '10.0.0.2', '10.0.0.3'] },
        fault: ({ kind, remote }) => void (kind === 'connect' && tries.push(`${remote} at ${now()}`)),
      },
    )

    expect(tries).toEqual(['10.0.0.1:4915 at 0', '10.0.0.2:4915 at 250', '10.0.0.3:4915 at 500'])
  })

  it('close() lingers over unread input for 5 s', async () => {
    const ms = await simulate(function* (world) {
      const { client, server } = yield* pair()
      yield* server.sendall('unread')
      yield* client.peek()
      const begin = world.now()
      client.close()
      yield* client.whenClosed()
      const ms = world.now() - begin
      server.close()
      return ms
    })

    expect(ms).toBe(5000)
  })

  it('a run waits for a close() that lingers', async () => {
    let world: Simulation | undefined

    await simulate(function* (here) {
      world = here
      const { client, server } = yield* pair()
      yield* server.sendall('unread')
      yield* client.peek()
      client.close()
    })

    expect(world!.now()).toBe(5006)
  })

  it('kill waits for a grace period of 5 s', async () => {
    const ms = await took(function* () {
      const stubborn = yield* spawn(function* () {
        while (true) {
          try {
            yield* new Latch().wait()
          } catch {}
        }
      })
      yield* sleep(0)
      yield* kill(stubborn)
    })

    expect(ms).toBe(5000)
  })

  it('a server whose handler does not end is killed within the grace period of the run', async () => {
    const ms = await took(function* () {
      const serving = yield* spawn(
        server('', 4915, function* () {
          while (true) {
            try {
              yield* sleep(HOUR_MS)
            } catch {}
          }
        }),
      )
      yield* sleep(1)
      const conn = yield* connect('localhost', 4915)
      yield* sleep(10)
      yield* kill(serving)
      conn.close()
    })

    expect(ms).toBe(5014)
  })

  it('a server tries to accept again after 100 ms', async () => {
    let left = 10
    const ms = await took(
      function* () {
        yield* spawn(server('', 4915, echoer))
        const conn = yield* connect('localhost', 4915)
        yield* exchange(conn, 'x')
        conn.close()
      },
      {
        latency: 0,
        fault: ({ kind, number }) => (kind === 'accept' && number > 2 && left-- > 0 ? 'EMFILE' : undefined),
      },
    )

    expect(ms).toBe(1000)
  })
})
