// Which sockets are the two ends of one connection, in whichever order they are met.
import { Address } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { type End, Ends, type ListeningEnd } from '../../../packages/net/src/trace/ends.js'

class FakeEnd implements End {
  peer: End | null = null
  outside = false
  readonly driversPeer: object | null
  readonly localAddress: Address | undefined
  readonly remoteAddress: Address | undefined

  constructor(local: Address | undefined, remote: Address | undefined, driversPeer: object | null = null) {
    this.localAddress = local
    this.remoteAddress = remote
    this.driversPeer = driversPeer
  }
}

const HOST = '127.0.0.1'
const TO = { host: HOST, port: 80 }

/** The two ends of a connection from a port to port 80. */
function pair(port: number, host = HOST): { client: FakeEnd; server: FakeEnd } {
  const [one, other] = [new Address(host, port), new Address(host, 80)]
  return { client: new FakeEnd(one, other), server: new FakeEnd(other, one) }
}

/** Ends with a listener at port 80. */
function listening(members: Partial<ListeningEnd> = {}): { ends: Ends; listener: ListeningEnd } {
  const ends = new Ends()
  const listener = { address: new Address('::', 80), shared: false, ...members }
  ends.listens(listener)
  return { ends, listener }
}

describe('Ends', () => {
  it('joins a client that is connected before it is accepted', () => {
    const { ends } = listening()
    const { client, server } = pair(5000)

    ends.connects(client, {}, TO)
    ends.connected(client)
    ends.accepted(server, {})

    expect(client.peer).toBe(server)
    expect(server.peer).toBe(client)
  })

  it('joins a client that is accepted before it is connected', () => {
    const { ends } = listening({ address: new Address(HOST, 80) })
    const { client, server } = pair(5000)

    ends.connects(client, {}, TO)
    ends.accepted(server, {})
    ends.connected(client)

    expect(client.peer).toBe(server)
    expect(server.outside).toBe(false)
  })

  it('joins a client whose address is not known before it is connected', () => {
    const { ends } = listening()
    const { client, server } = pair(5000)
    const late = new FakeEnd(undefined, undefined)

    ends.connects(late, {}, TO)
    ends.accepted(server, {})
    Object.assign(late, { localAddress: client.localAddress, remoteAddress: client.remoteAddress })
    ends.connected(late)

    expect(late.peer).toBe(server)
    expect(server.outside).toBe(false)
  })

  it('joins a client that is closed before it is accepted', () => {
    const { ends } = listening()
    const { client, server } = pair(5000)

    ends.connects(client, {}, TO)
    ends.connected(client)
    ends.closed(client)
    ends.accepted(server, {})

    expect(server.peer).toBe(client)
  })

  it('joins those of several that have the same addresses, one after the other', () => {
    const { ends } = listening()
    const first = pair(5000)
    const second = pair(5000)

    for (const { client } of [first, second]) {
      ends.connects(client, {}, TO)
      ends.connected(client)
    }
    for (const { server } of [first, second]) ends.accepted(server, {})

    expect(first.server.peer).toBe(first.client)
    expect(second.server.peer).toBe(second.client)
  })

  it('joins what the driver says, whatever the addresses are', () => {
    const { ends } = listening()
    const socket = {}
    const client = new FakeEnd(undefined, undefined, {})
    const server = new FakeEnd(undefined, undefined, socket)

    ends.connects(client, socket, TO)
    ends.accepted(server, {})
    ends.connected(client)

    expect(client.peer).toBe(server)
  })

  it('takes a connection for one from outside when no client of ours is connecting', () => {
    const { ends } = listening()
    const { client, server } = pair(5000)

    ends.accepted(server, {})
    ends.connects(client, {}, TO)
    ends.connected(client)

    expect(server.outside).toBe(true)
    expect(client.peer).toBe(null)
  })

  it('takes it for one from outside once those that were connecting have not been its client', () => {
    const { ends } = listening()
    const [ours, outside, later] = [pair(5000), pair(6000), pair(6000)]

    ends.connects(ours.client, {}, TO)
    ends.accepted(outside.server, {})
    ends.connects(later.client, {}, TO)
    ends.gaveUp(ours.client)
    ends.connected(later.client)

    expect(outside.server.outside).toBe(true)
    expect(later.client.peer).toBe(null)
  })

  it('keeps it as long as an earlier client is connecting', () => {
    const { ends } = listening()
    const { client, server } = pair(6000)
    const [first, late] = [new FakeEnd(undefined, undefined), new FakeEnd(undefined, undefined)]

    for (const end of [first, late]) ends.connects(end, {}, TO)
    ends.accepted(server, {})
    ends.gaveUp(first)
    Object.assign(late, { localAddress: client.localAddress, remoteAddress: client.remoteAddress })
    ends.connected(late)

    expect(late.peer).toBe(server)
  })

  it.each([
    ['another port', { host: HOST, port: 81 }],
    ['another host', { host: '192.0.2.1', port: 80 }],
    ['a path', { path: '/run/x.sock' }],
  ])('takes a client for one to outside that connects to %s', (_what, to) => {
    const { ends } = listening({ address: new Address(HOST, 80) })
    const { client } = pair(5000)

    ends.connects(client, {}, to)

    expect(client.outside).toBe(true)
    ends.connected(client)
    expect(client.peer).toBe(null)
  })

  it.each([
    ['another machine', new FakeEnd(new Address('192.0.2.1', 5000), new Address('192.0.2.2', 80))],
    ['no address', new FakeEnd(undefined, undefined)],
    ['a path', new FakeEnd(new Address('', 0, ''), new Address('', 0, '/run/x.sock'))],
  ])('takes a client for one to outside that is connected to %s', (_what, client) => {
    const { ends } = listening()

    ends.connects(client, {}, TO)
    ends.connected(client)

    expect(client.outside).toBe(true)
  })

  it('joins the ends within 127.0.0.0/8, which have different addresses', () => {
    const { ends } = listening()
    const [one, other] = [new Address('127.0.0.1', 5000), new Address('127.0.0.2', 80)]
    const client = new FakeEnd(one, other)
    const server = new FakeEnd(other, one)

    ends.connects(client, {}, { host: '127.0.0.2', port: 80 })
    ends.connected(client)
    ends.accepted(server, {})

    expect(server.peer).toBe(client)
  })

  it('joins the ends of a Unix socket only if the driver says which they are', () => {
    const path = new Address('', 0, '/run/x.sock')
    const { ends } = listening({ address: path })
    const socket = {}
    const client = new FakeEnd(new Address('', 0, ''), path, {})
    const server = new FakeEnd(path, new Address('', 0, ''), socket)
    const unknown = new FakeEnd(path, new Address('', 0, ''))

    ends.connects(client, socket, { path: '/run/x.sock' })
    ends.connected(client)
    ends.accepted(unknown, {})
    ends.accepted(server, {})

    expect(unknown.peer).toBe(null)
    expect(server.peer).toBe(client)
  })

  it('forgets the clients of a listener that is closed', () => {
    const { ends, listener } = listening()
    const { client, server } = pair(5000)
    ends.connects(client, {}, TO)
    ends.connected(client)

    ends.closes(listener)
    ends.accepted(server, {})

    expect(client.outside).toBe(true)
    expect(server.peer).toBe(null)
  })

  it('forgets a closed client if another process may have accepted it', () => {
    const { ends } = listening({ shared: true })
    const { client, server } = pair(5000)
    ends.connects(client, {}, TO)
    ends.connected(client)

    ends.closed(client)
    ends.accepted(server, {})

    expect(server.peer).toBe(null)
  })

  it('forgets a closed client when a later one is accepted: its connection has been dropped', () => {
    const { ends } = listening()
    const [dropped, later, outside] = [pair(5000), pair(6000), pair(5000)]
    ends.connects(dropped.client, {}, TO)
    ends.connected(dropped.client)
    ends.closed(dropped.client)
    ends.connects(later.client, {}, TO)
    ends.connected(later.client)

    ends.accepted(later.server, {})
    ends.accepted(outside.server, {})

    expect(outside.server.peer).toBe(null)
  })

  it('remembers 1024 closed clients', () => {
    const { ends } = listening()
    const pairs = Array.from({ length: 1025 }, (_, i) => pair(10_000 + i))
    for (const { client } of pairs) {
      ends.connects(client, {}, TO)
      ends.connected(client)
      ends.closed(client)
    }

    for (const { server } of pairs.slice(0, 2)) ends.accepted(server, {})

    expect(pairs[0]?.server.peer).toBe(null)
    expect(pairs[1]?.server.peer).toBe(pairs[1]?.client)
  })
})
