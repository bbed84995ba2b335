// Starvation of sockets, as tokio and curio test it: tasks that never wait and clients that never
// pause, beside tasks that wait for bytes. It runs on the simulated network and on the real one,
// and counts steps, not milliseconds.
import { type Connection, ConnectionResetError, listen } from '@bluelet/net'
import { type Driver, nodeDriver } from '@bluelet/net/driver'
import { Simulation } from '@bluelet/net/testing'
import { ClosedError, type Coroutine, group, pause, run, spawn } from '@bluelet/scheduler'
import { defaultHost, type Host } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { abort, echoer, exchange, type Pair, pairAt } from './simulated-pair.js'

/** More steps than any test takes; a test in which something starves ends after them. */
const MAX_STEPS = 5_000_000

const NETWORKS: readonly (readonly [string, () => { host: Host; driver: Driver }])[] = [
  [
    'on the simulated network',
    () => {
      const host = new Simulation()
      return { host, driver: host.network }
    },
  ],
  ['on the real network', () => ({ host: defaultHost, driver: nodeDriver })],
]

/**
 * Runs a coroutine with a number of connections to an echo server, beside tasks that spin until it
 * ends.
 */
async function beside(
  spinners: number,
  { host, driver }: { host: Host; driver: Driver },
  connections: number,
  act: (clients: Connection[]) => Coroutine<void>,
): Promise<number> {
  let over = false
  let steps = 0
  function* spinner(): Coroutine<void> {
    while (!over && ++steps < MAX_STEPS) yield* pause()
  }
  await run(
    function* () {
      const listener = yield* listen('127.0.0.1', 0, { driver })
      const pairs: Pair[] = []
      for (let i = 0; i < connections; i++) pairs.push(yield* pairAt(listener, { driver }))
      listener.close()
      for (const { server } of pairs) yield* spawn(echoing, server)
      for (let i = 0; i < spinners; i++) yield* spawn(spinner)
      try {
        yield* act(pairs.map(({ client }) => client))
      } finally {
        over = true
        for (const pair of pairs) abort(pair)
      }
    },
    { host, sites: false, budget: { steps: 128 } },
  )
  return steps
}

function* echoing(conn: Connection): Coroutine<void> {
  try {
    yield* echoer(conn)
  } catch (error) {
    if (!(error instanceof ClosedError || error instanceof ConnectionResetError)) throw error
  }
}

describe.each(NETWORKS)('%s', (_name, network) => {
  it('a hundred spinning tasks do not starve an exchange', async () => {
    // tokio: io_driver_called_when_under_load
    const replies: string[] = []

    const steps = await beside(100, network(), 1, function* ([client]) {
      for (let i = 0; i < 50; i++) replies.push(yield* exchange(client!, `message ${i}`))
    })

    expect(replies).toEqual(Array.from({ length: 50 }, (_, i) => `message ${i}`))
    expect(steps).toBeLessThan(MAX_STEPS)
  })

  it('many exchanges beside spinning tasks all finish', async () => {
    // tokio: ping_pong_saturation
    const done = new Set<number>()

    const steps = await beside(10, network(), 30, function* (clients) {
      yield* group(function* (g) {
        for (const [n, client] of clients.entries()) {
          yield* g.spawn(function* () {
            for (let i = 0; i < 20; i++) yield* exchange(client, `${n} ${i}`)
            done.add(n)
          })
        }
      })
    })

    expect(done.size).toBe(30)
    expect(steps).toBeLessThan(MAX_STEPS)
  })

  it('a flooded connection does not starve the others', async () => {
    // curio: test_ping_pong_starvation, over sockets
    const replies: string[] = []
    let received = 0

    await beside(0, network(), 2, function* ([flooded, other]) {
      const flood = yield* spawn(function* () {
        const block = Buffer.alloc(65_536)
        try {
          while (received < 2 ** 30) yield* flooded!.sendall(block)
        } catch {}
      })
      const drain = yield* spawn(function* () {
        try {
          while (received < 2 ** 30) received += (yield* flooded!.recv(65_536)).length
        } catch {}
      })
      for (let i = 0; i < 20; i++) replies.push(yield* exchange(other!, `message ${i}`))
      flooded!.abort()
      yield* flooded!.whenClosed()
      yield flood
      yield drain
    })

    expect(replies).toHaveLength(20)
    expect(received).toBeGreaterThan(0)
    expect(received).toBeLessThan(2 ** 30)
  })
})

describe('on the simulated network', () => {
  it('exchanges that begin together progress equally, to within a round', async () => {
    const rounds = new Array<number>(50).fill(0)
    let apart = 0

    await beside(0, NETWORKS[0]![1](), 50, function* (clients) {
      yield* group(function* (g) {
        for (const [n, client] of clients.entries()) {
          yield* g.spawn(function* () {
            for (let i = 0; i < 10; i++) {
              yield* exchange(client, 'ping')
              rounds[n]!++
              apart = Math.max(apart, Math.max(...rounds) - Math.min(...rounds))
            }
          })
        }
      })
    })

    expect(Math.min(...rounds)).toBe(10)
    expect(apart).toBe(1)
  })
})
