// How a connection is made: as by a kernel, in three packets. The client has it after two of them,
// the listener after the third.
import { ConnectionResetError, connect, type Listener, listen } from '@bluelet/net'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { all, type Coroutine, race, sleep, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { errorOf, LOOPBACK } from '../../world.js'

const LATENCY = 10

/** Runs a program with a listener. A packet takes 10 ms, and so does a look-up. */
function withListener<T>(
  program: (listener: Listener, world: Simulation) => Coroutine<T>,
  backlog = 511,
): Promise<T> {
  return simulate(
    function* (world) {
      using listener = yield* listen('', 4915, { backlog })
      return yield* program(listener, world)
    },
    { latency: LATENCY },
  )
}

describe('a connection of the simulated network', () => {
  it('is established after one round trip, and can be accepted after another packet', async () => {
    const times = await withListener(function* (listener, world) {
      const [client, accepted] = yield* all(
        [
          function* () {
            const conn = yield* connect(LOOPBACK, 4915)
            return [conn, world.now()] as const
          },
          function* () {
            const conn = yield* listener.accept()
            yield* conn.sendall('greeting')
            return [conn, world.now()] as const
          },
        ].map((make) => make()),
      )
      yield* client![0].recv()
      const greeted = world.now()
      for (const [conn] of [client!, accepted!]) conn.abort()
      return [client![1], accepted![1], greeted]
    })

    expect(times).toEqual([30, 40, 50])
  })

  it('brings what its client says at once', async () => {
    const [text, ms] = await withListener(function* (listener, world) {
      const client = yield* connect(LOOPBACK, 4915)
      yield* client.sendall('hello')
      const conn = yield* listener.accept()
      const text = String(yield* conn.recv())
      const ms = world.now()
      for (const end of [client, conn]) end.abort()
      return [text, ms]
    })

    expect([text, ms]).toEqual(['hello', 40])
  })

  it('is never accepted if its client has gone before the answer', async () => {
    const outcome = await withListener(function* (listener, world) {
      yield* errorOf(timeout(25, connect(LOOPBACK, 4915)))
      const conn = yield* race([listener.accept(), sleep(1000)])
      return [conn, world.network.descriptors]
    })

    // The listener itself.
    expect(outcome).toEqual([undefined, 1])
  })

  it('is accepted with its reset if its client has gone after the answer', async () => {
    const error = await withListener(function* (listener) {
      const client = yield* connect(LOOPBACK, 4915)
      client.abort()
      const conn = yield* listener.accept()
      return yield* errorOf(conn.recv())
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('is reset if the listener closes before the confirmation', async () => {
    const error = await withListener(function* (listener) {
      const client = yield* connect(LOOPBACK, 4915)
      listener.close()
      return yield* errorOf(client.recv())
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('takes a place of the backlog from its first packet on, until its client has gone', async () => {
    const times = await withListener(function* (_listener, world) {
      const giving = errorOf(timeout(25, connect(LOOPBACK, 4915)))
      const [gaveUp, connected] = yield* all([timed(world, giving), timed(world, dial())])
      return [gaveUp, connected]
    }, 1)

    // The second meets a full backlog, and tries again after a second.
    expect(times).toEqual([25, 1030])
  })
})

function* dial(): Coroutine<void> {
  const conn = yield* connect(LOOPBACK, 4915)
  conn.abort()
}

/** Runs a coroutine, and gives the time at which it ends. */
function* timed(world: Simulation, coroutine: Coroutine): Coroutine<number> {
  yield* coroutine
  return world.now()
}
