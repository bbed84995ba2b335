// The state that the simulated network shows, and how tests can disturb its connections.
import { ConnectionResetError, connect, listen } from '@bluelet/net'
import { type Link, type Simulation, simulate } from '@bluelet/net/testing'
import { all, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { abort, echoer, exchange, pair, pairAt } from '../../simulated-pair.js'
import { errorOf } from '../../world.js'

describe('descriptors', () => {
  it('are those that are open, at every moment', async () => {
    const open: Record<string, number> = {}

    await simulate(function* ({ network }) {
      open['at first'] = network.descriptors
      const listener = yield* listen('127.0.0.1', 4915)
      open['with a listener'] = network.descriptors
      const client = yield* connect('127.0.0.1', 4915)
      open['connected, in the backlog'] = network.descriptors
      const conn = yield* listener.accept()
      open.accepted = network.descriptors
      listener.close()
      open['without the listener'] = network.descriptors
      yield* conn.sendall('unread')
      yield* client.peek()
      client.close()
      yield* sleep(10)
      open['one side closed'] = network.descriptors
      conn.close()
      yield* conn.whenClosed()
      open['the other side closed'] = network.descriptors
      yield* client.whenClosed()
      open['both closed'] = network.descriptors
    })

    expect(open).toEqual({
      'at first': 0,
      'with a listener': 1,
      'connected, in the backlog': 2,
      accepted: 3,
      'without the listener': 2,
      'one side closed': 2,
      'the other side closed': 1,
      'both closed': 0,
    })
  })

  it('of failed connects are closed', async () => {
    const open = await simulate(function* ({ network }) {
      yield* all(Array.from({ length: 10 }, () => errorOf(connect('127.0.0.1', 4915))))
      yield* sleep(1)
      return network.descriptors
    })

    expect(open).toBe(0)
  })
})

describe('links', () => {
  it('are the connections in the order of their creation, until both ends are closed', async () => {
    const found: string[][] = []

    await simulate(function* ({ network }) {
      const seen = () => found.push(network.links.map(({ client, server }) => `${client} ${server}`))
      seen()
      const listener = yield* listen('127.0.0.1', 4915)
      const [one, other] = [yield* pairAt(listener), yield* pairAt(listener)]
      listener.close()
      seen()
      one.client.close()
      yield* sleep(10)
      seen()
      one.server.close()
      yield* all([one.client.whenClosed(), one.server.whenClosed()])
      seen()
      abort(other)
      yield* sleep(10)
      seen()
    })

    const [one, other] = ['127.0.0.1:49152 127.0.0.1:4915', '127.0.0.1:49153 127.0.0.1:4915']
    expect(found).toEqual([[], [one, other], [one, other], [other], []])
  })

  it('exist before they are accepted', async () => {
    const links = await simulate(function* ({ network }) {
      const listener = yield* listen('127.0.0.1', 4915)
      const client = yield* connect('127.0.0.1', 4915)
      const { length } = network.links
      client.close()
      listener.close()
      return length
    })

    expect(links).toBe(1)
  })

  it('can be reset, which both ends see at once', async () => {
    const found = await simulate(function* (world) {
      const { client, server } = yield* pair()
      const begin = world.now()
      yield* spawn(function* () {
        yield* sleep(10)
        only(world).reset()
      })
      const errors = yield* all([errorOf(client.recv(1)), errorOf(server.recv(1))])
      const ms = world.now() - begin
      yield* sleep(0)
      return { errors, ms, links: world.network.links.length, descriptors: world.network.descriptors }
    })

    for (const error of found.errors) expect(error).toBeInstanceOf(ConnectionResetError)
    expect(found).toMatchObject({ ms: 10, links: 0, descriptors: 0 })
  })

  it('can be stalled, so that nothing arrives in either direction and nothing is lost', async () => {
    const log = await simulate(function* (world) {
      const { client, server } = yield* pair()
      const log: string[] = []
      yield* all([client.sendall('before'), server.sendall('there')])
      only(world).stall()
      yield* all([client.sendall(' after'), server.sendall(' and back')])
      client.shutdown()
      yield* spawn(function* () {
        log.push(`${yield* server.readall()} at ${world.now()}`)
        server.close()
      })
      yield* spawn(function* () {
        log.push(`${yield* client.readall()} at ${world.now()}`)
        client.close()
      })
      yield* sleep(60_000 - world.now())
      log.push('stalled until now')
      only(world).resume()
      return log
    })

    expect(log).toEqual(['stalled until now', 'before after at 60000', 'there and back at 60001'])
  })

  it('that are stalled do not stall others', async () => {
    const reply = await simulate(function* (world) {
      const [stalled, other] = [yield* pair(), yield* pair()]
      world.network.links[0]!.stall()
      yield* spawn(echoer(other.server))
      const reply = yield* exchange(other.client, 'hello')
      other.client.close()
      world.network.links[0]!.resume()
      abort(stalled)
      return reply
    })

    expect(reply).toBe('hello')
  })

  function only(world: Simulation): Link {
    expect(world.network.links).toHaveLength(1)
    return world.network.links[0]!
  }
})
