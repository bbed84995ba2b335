// Promise 8 of the network: the limits on the connections of a server, in total and for each
// address, and what happens above them.
import {
  type Connection,
  ConnectionResetError,
  connect,
  type OverloadPolicy,
  type ServerOptions,
} from '@bluelet/net'
import type { DriverListener } from '@bluelet/net/driver'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, Latch, now, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { ConnectionLimiter } from '../../../packages/net/src/server/limiter.js'
import { limitsOf } from '../../../packages/net/src/server/options.js'
import { StatsCounters } from '../../../packages/net/src/server/stats.js'
import { settled } from '../../support/deadline.js'
import { dial, type Peer } from '../../support/peer.js'
import { fateOf, serve, visit } from '../serving.js'
import { echoer, exchange } from '../simulated-pair.js'
import { LOOPBACK, likeObject, play } from '../world.js'
import { WORLDS } from './each-driver.js'

describe('a client above maxConnections, in a simulation', () => {
  it('waits, and is served when another has ended', async () => {
    const { early, late, open, counts, drops } = await simulate(function* () {
      const { port, counts, drops } = yield* serve(echoer, { maxConnections: 1 })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      const second = yield* connect(LOOPBACK, port)
      yield* second.sendall('second')
      const early = yield* race([second.peek(), sleep(10_000)])
      const { open } = counts
      first.close()
      const late = String(yield* second.readexactly(6))
      second.close()
      return { early, late, open, counts, drops }
    })

    expect(early).toBeUndefined()
    expect(late).toBe('second')
    expect(open).toBe(1)
    expect(counts.served).toBe(2)
    expect(counts.dropped).toEqual({ connections: 0, address: 0, queue: 0 })
    expect(drops).toEqual([])
  })

  it.each<[OverloadPolicy, string]>([
    ['close', '|end'],
    ['reset', '|ConnectionResetError'],
  ])('is dropped at once by %s, and counted, while the others are served', async (overload, expected) => {
    const { fate, ms, from, next, counts, drops, reply } = await simulate(function* (world) {
      const { port, counts, drops } = yield* serve(echoer, { maxConnections: 1, overload })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      const begin = world.now()
      const second = yield* connect(LOOPBACK, port)
      const from = `${second.localAddress}`
      const fate = yield* fateOf(second)
      const ms = world.now() - begin
      const reply = yield* exchange(first, 'still')
      first.close()
      yield* sleep(10)
      const third = yield* connect(LOOPBACK, port)
      const next = yield* exchange(third, 'third')
      third.close()
      return { fate, ms, from, next, counts, drops, reply }
    })

    expect(fate).toBe(expected)
    expect(ms).toBeLessThan(10)
    expect(reply).toBe('still')
    expect(next).toBe('third')
    expect(counts.served).toBe(2)
    expect(counts.dropped.connections).toBe(1)
    expect(drops.map(([reason, address]) => [reason, `${address}`])).toEqual([['connections', from]])
  })

  it.each<[OverloadPolicy, number]>([
    ['wait', 10],
    ['close', 3],
    ['reset', 3],
  ])('of a burst of ten: by %s, %s are served, at most three at a time', async (overload, served) => {
    const { counts, most, fates } = await simulate(function* () {
      let most = 0
      const { port, counts } = yield* serve(
        function* (conn) {
          most = Math.max(most, counts.open)
          yield* sleep(100)
          yield* conn.sendall('served')
        },
        { maxConnections: 3, overload },
      )
      const fates: string[] = []
      for (let i = 0; i < 10; i++) {
        yield* spawn(function* () {
          fates.push(yield* visit(port))
        })
      }
      yield* sleep(5000)
      return { counts, most, fates }
    })

    expect(most).toBe(3)
    expect(fates).toHaveLength(10)
    expect(fates.filter((fate) => fate === 'served|end')).toHaveLength(served)
    expect(counts.served).toBe(served)
    expect(counts.dropped.connections).toBe(10 - served)
    expect(counts.open).toBe(0)
  })

  it('is one of at most 64 that are held before they are dropped', async () => {
    const { most, dropped } = await simulate(function* (world) {
      let [waiting, held, most] = [true, 0, 0]
      const counted = (listener: DriverListener): DriverListener =>
        likeObject(listener, {
          accept() {
            const socket = waiting ? null : listener.accept()
            if (socket !== null) most = Math.max(most, ++held)
            return socket
          },
        })
      const driver = likeObject(world.network, {
        listen: (target, done) =>
          world.network.listen(target, (error, made) => done(error, made === null ? null : counted(made))),
      })
      const { port, counts } = yield* serve(echoer, {
        driver,
        maxConnections: 1,
        overload: 'close',
        onDrop: () => void held--,
      })
      for (let i = 0; i < 300; i++) {
        if (i === 299) waiting = false
        const conn = yield* connect(LOOPBACK, port)
        yield* spawn(fateOf(conn))
      }
      yield* sleep(1000)
      return { most, dropped: counts.dropped.connections }
    })

    expect(dropped).toBe(299)
    expect(most).toBeLessThanOrEqual(1 + 64)
  })

  it('lingers for at most a second when it is dropped', async () => {
    const { before, after } = await simulate(function* (world) {
      const { port } = yield* serve(echoer, { maxConnections: 1, overload: 'close' })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      const before = world.network.descriptors
      const second = yield* connect(LOOPBACK, port)
      yield* second.recv()
      yield* sleep(1010)
      const after = world.network.descriptors
      for (const conn of [first, second]) conn.abort()
      return { before, after }
    })

    // Not even the client's own socket is left, since it was reset.
    expect(after - before).toBe(0)
  })

  it('waits until the handler of a departed client has finished', async () => {
    const most = await simulate(function* () {
      let running = 0
      let most = 0
      const { port } = yield* serve(
        function* () {
          most = Math.max(most, ++running)
          yield* sleep(1000)
          running--
        },
        { maxConnections: 2 },
      )
      for (let i = 0; i < 10; i++) {
        const conn = yield* connect(LOOPBACK, port)
        yield* sleep(5)
        conn.abort()
      }
      yield* sleep(10_000)
      return most
    })

    expect(most).toBe(2)
  })

  it('replaces a client that left before it was served', async () => {
    const { reply, counts } = await simulate(function* () {
      const { port, counts, task } = yield* serve(echoer, { maxConnections: 1 })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      // It waits to be admitted, and disconnects meanwhile.
      const gone = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      gone.abort()
      yield* sleep(10)
      first.close()
      yield* sleep(100)
      const third = yield* connect(LOOPBACK, port)
      const reply = yield* race([exchange(third, 'third'), sleep(60_000)])
      third.close()
      yield* kill(task)
      return { reply, counts }
    })

    expect(reply).toBe('third')
    expect(counts.served).toBe(3)
  })
})

describe('a client above maxConnections, over real sockets', () => {
  /** What the second of two clients received while the first was connected, and after that. */
  function secondOfTwo(overload: OverloadPolicy): Promise<{ peer: Peer; early: number; reply: string }> {
    return play(function* () {
      const { task, port } = yield* serve(echoer, { maxConnections: 1, overload })
      const first: Peer = yield dial(port)
      first.read().write('first')
      yield first.until('the echo', () => first.length === 5)
      const peer: Peer = yield dial(port)
      peer.read()
      if (overload === 'wait') peer.write('second')
      else yield peer.finish()
      const early: number = yield settled(() => peer.length, 50)
      first.write('again')
      yield first.until('the echo', () => first.length === 10)
      first.end()
      if (overload === 'wait') yield peer.until('the echo', () => peer.length === 6)
      const reply = peer.text
      peer.socket.destroy()
      yield* kill(task)
      return { peer, early, reply }
    })
  }

  it('waits, and is served when another has ended', async () => {
    const { early, reply } = await secondOfTwo('wait')

    expect(early).toBe(0)
    expect(reply).toBe('second')
  })

  it('sees the end of the stream with the policy close', async () => {
    const { peer, reply } = await secondOfTwo('close')

    expect(peer.ended).toBe(true)
    expect(peer.errors).toEqual([])
    expect(reply).toBe('')
  })

  it('sees a reset with the policy reset', async () => {
    const { peer, reply } = await secondOfTwo('reset')

    expect(peer.ended).toBe(false)
    expect(peer.errors).toEqual(['ECONNRESET'])
    expect(reply).toBe('')
  })
})

describe.each(WORLDS)('on %s, connections that linger', ({ driver, play }) => {
  /** Sends more than its handler reads, and gives the connection once it lingers. */
  function* uploader(port: number): Coroutine<Connection> {
    const conn = yield* connect(LOOPBACK, port, driver)
    yield* conn.sendall('an upload')
    expect(String(yield* conn.readexactly(3))).toBe('bye')
    return conn
  }

  function* hangUp(conn: Connection): Coroutine<void> {
    yield* conn.peek()
    yield* conn.sendall('bye')
  }

  /** Whether the other side has reset the connection. */
  function* isReset(conn: Connection): Coroutine<boolean> {
    try {
      yield* conn.send('more')
      yield* sleep(20)
      yield* conn.send('more')
      return false
    } catch (error) {
      return error instanceof ConnectionResetError
    }
  }

  it.each([
    ['maxConnections, which wait', { maxConnections: 2 }],
    ['maxConnections, which do not wait', { maxConnections: 2, overload: 'close' }],
    ['maxConnectionsPerAddress', { maxConnectionsPerAddress: 2 }],
  ] as const)(
    'give their places to clients above %s, the longest lingering first',
    async (_limit, limits) => {
      const seen = await play(function* () {
        const closing = new AbortController()
        const { port, counts, drops } = yield* serve(hangUp, { ...driver, ...limits, signal: closing.signal })
        const first = yield* uploader(port)
        yield* sleep(20)
        const second = yield* uploader(port)
        yield* sleep(20)
        const before = counts.open
        const third = yield* uploader(port)
        yield* sleep(20)
        const { open, served } = counts
        const resets = [yield* isReset(first), yield* isReset(second), yield* isReset(third)]
        for (const conn of [first, second, third]) conn.abort()
        closing.abort()
        return { before, open, served, resets, drops: drops.length }
      })

      expect(seen).toEqual({ before: 2, open: 2, served: 3, resets: [true, false, false], drops: 0 })
    },
  )

  it('keep their places while their handlers run', async () => {
    const seen = await play(function* () {
      const closing = new AbortController()
      const working = new Latch()
      const { port, counts } = yield* serve(
        function* (conn) {
          yield* hangUp(conn)
          conn.close()
          yield* working.wait()
        },
        { ...driver, maxConnections: 1, signal: closing.signal },
      )
      const first = yield* uploader(port)
      const second = yield* connect(LOOPBACK, port, driver)
      yield* second.sendall('an upload')
      const early = yield* race([second.peek(), sleep(50)])
      const { served } = counts
      working.open()
      const late = yield* second.readexactly(3)
      for (const conn of [first, second]) conn.abort()
      closing.abort()
      return { early, served, late: String(late) }
    })

    expect(seen).toEqual({ early: undefined, served: 1, late: 'bye' })
  })

  it('keep them for as long as the option linger says, if no client needs one', async () => {
    const seen = await play(function* () {
      const closing = new AbortController()
      const { port, counts } = yield* serve(hangUp, { ...driver, linger: 60, signal: closing.signal })
      const begun = now()
      const conn = yield* uploader(port)
      while (counts.open > 0) yield* sleep(5)
      const ms = now() - begun
      const reset = yield* isReset(conn)
      conn.abort()
      closing.abort()
      return { early: ms < 60, reset }
    })

    expect(seen).toEqual({ early: false, reset: true })
  })
})

describe('a client above maxConnectionsPerAddress', () => {
  /** Connects from each of the addresses, one after the other; gives what each received. */
  function served(hosts: readonly string[], options: ServerOptions): Promise<string[]> {
    return simulate(function* () {
      const { port } = yield* serve(echoer, options, '')
      const fates: string[] = []
      const conns: Connection[] = []
      for (const host of hosts) {
        // In a simulation a client connects from the address that it connects to.
        const conn = yield* connect(host, port)
        conns.push(conn)
        yield* sleep(5)
        try {
          yield* conn.sendall('x')
          fates.push(String(yield* conn.recv()))
        } catch (error) {
          fates.push(error instanceof ConnectionResetError ? 'reset' : `${error}`)
        }
      }
      for (const conn of conns) conn.abort()
      return fates
    })
  }

  it('is closed if it has the same IPv4 address, and served if it has another', async () => {
    const fates = await served(['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.1'], {
      maxConnectionsPerAddress: 2,
    })

    expect(fates).toEqual(['x', 'x', 'x', ''])
  })

  it('is reset with the policy reset', async () => {
    const fates = await served(['10.0.0.1', '10.0.0.1', '10.0.0.2'], {
      maxConnectionsPerAddress: 1,
      overload: 'reset',
    })

    expect(fates).toEqual(['x', 'reset', 'x'])
  })

  it('is one of the same IPv6 /64 network, and not of another', async () => {
    const hosts = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:3::1', '2001:db8:1:2::2']

    const fates = await served(hosts, { maxConnectionsPerAddress: 2 })

    expect(fates).toEqual(['x', 'x', 'x', ''])
  })

  it('is counted, and reported with its address', async () => {
    const { counts, drops, from } = await simulate(function* () {
      const { port, counts, drops } = yield* serve(echoer, { maxConnectionsPerAddress: 1 })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      const second = yield* connect(LOOPBACK, port)
      const from = `${second.localAddress}`
      yield* fateOf(second)
      first.close()
      return { counts, drops, from }
    })

    expect(counts.dropped).toEqual({ connections: 0, address: 1, queue: 0 })
    expect(drops.map(([reason, address]) => `${reason} ${address}`)).toEqual([`address ${from}`])
  })

  it('is served when a connection of its address has freed its descriptor', async () => {
    const fates = await simulate(function* () {
      const { port } = yield* serve(echoer, { maxConnectionsPerAddress: 2 })
      const fates: string[] = []
      for (let i = 0; i < 5; i++) {
        const one = yield* connect(LOOPBACK, port)
        const other = yield* connect(LOOPBACK, port)
        fates.push(yield* exchange(one, 'one'), yield* exchange(other, 'two'))
        fates.push(yield* visit(port))
        one.close()
        other.close()
        for (const conn of [one, other]) yield* conn.whenClosed()
        yield* sleep(10)
      }
      return fates
    })

    expect(fates).toEqual(Array.from({ length: 5 }, () => ['one', 'two', '|end']).flat())
  })

  it('is never one without a known address, which may have left and is served', async () => {
    const replies = await simulate(function* (world) {
      const nameless = (listener: DriverListener): DriverListener =>
        likeObject(listener, {
          accept() {
            const socket = listener.accept()
            return socket === null ? null : likeObject(socket, { remoteAddress: undefined })
          },
        })
      const driver = likeObject(world.network, {
        listen: (target, done) =>
          world.network.listen(target, (error, made) => done(error, made === null ? null : nameless(made))),
      })
      const { port } = yield* serve(echoer, { maxConnectionsPerAddress: 1, driver })
      const conns = [yield* connect(LOOPBACK, port), yield* connect(LOOPBACK, port)]
      const replies: string[] = []
      for (const conn of conns) replies.push(yield* exchange(conn, 'known?'))
      for (const conn of conns) conn.close()
      return replies
    })

    expect(replies).toEqual(['known?', 'known?'])
  })
})

describe('the default limit for each client', () => {
  const BY_DEFAULT = { maxConnections: 8, overload: 'close' } as const

  it('leaves a quarter of the places to others', async () => {
    const seen = await simulate(function* () {
      const { port, counts, drops } = yield* serve(echoer, { ...BY_DEFAULT, overload: 'wait' }, '')
      const greedy = []
      for (let i = 0; i < 10; i++) greedy.push(yield* connect(LOOPBACK, port))
      yield* sleep(10)
      const { open } = counts
      const other = yield* connect('::1', port)
      const reply = yield* exchange(other, 'hello')
      for (const conn of [...greedy, other]) conn.abort()
      return { open, reply, drops: drops.map(([reason]) => reason) }
    })

    expect(seen).toEqual({ open: 6, reply: 'hello', drops: Array(4).fill('address') })
  })

  it('looks addresses up only from half of the places up to when three quarters are free', async () => {
    const limiter = new ConnectionLimiter(limitsOf(BY_DEFAULT, undefined), new StatsCounters([]))
    let lookedUp = 0
    const holders: { conn: Connection }[] = []
    const conn = (): Connection =>
      ({
        get remoteAddress() {
          lookedUp++
          return { owner: 'one' }
        },
      }) as unknown as Connection
    const come = () => {
      const holder = { conn: conn() }
      if (limiter.refusal(holder.conn, () => holders) !== undefined) return false
      limiter.acquire(holder)
      holders.push(holder)
      return true
    }
    const counts: number[] = []

    for (let i = 0; i < 4; i++) come()
    counts.push(lookedUp)
    for (let i = 0; i < 4; i++) come()
    counts.push(lookedUp, holders.length)
    while (holders.length > 1) limiter.release(holders.pop()!)
    const before = lookedUp
    for (let i = 0; i < 3; i++) come()
    counts.push(lookedUp - before)

    expect(counts).toEqual([0, 4 + 2 + 2 + 2, 6, 0])
  })
})

describe.each(WORLDS)('on %s, a dropped client', ({ driver, play }) => {
  it("that speaks first sees the end of the stream with overload: 'close'", async () => {
    const fates = await play(function* () {
      const closing = new AbortController()
      const { port } = yield* serve(echoer, {
        ...driver,
        maxConnections: 1,
        overload: 'close',
        grace: 0,
        signal: closing.signal,
      })
      const first = yield* connect(LOOPBACK, port, driver)
      yield* exchange(first, 'x')
      const fates = new Set<string>()
      for (let i = 0; i < 30; i++) {
        const conn = yield* connect(LOOPBACK, port, driver)
        yield* conn.sendall('GET / HTTP/1.1\r\n\r\n')
        yield* sleep(1)
        yield* conn.sendall('more')
        fates.add(yield* fateOf(conn))
      }
      first.abort()
      closing.abort()
      return [...fates]
    })

    expect(fates).toEqual(['|end'])
  })
})

describe('dropped clients that never end their side', () => {
  it('hold at most 32 descriptors', async () => {
    const more = await simulate(function* (world) {
      const { port } = yield* serve(echoer, { maxConnections: 1, overload: 'close' })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'x')
      const before = world.network.descriptors
      const silent: Connection[] = []
      for (let i = 0; i < 50; i++) silent.push(yield* connect(LOOPBACK, port))
      yield* sleep(50)
      const more = world.network.descriptors - before
      for (const conn of [first, ...silent]) conn.abort()
      return more
    })

    // Both ends of these 32; the others were reset.
    expect(more).toBe(64)
  })
})
