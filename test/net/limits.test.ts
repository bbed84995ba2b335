// How many connections a server takes, and what becomes of the others.
import {
  type Connection,
  ConnectionResetError,
  connect,
  type OverloadPolicy,
  type ServerOptions,
  server,
} from '@bluelet/net'
import { type DriverListener, nodeDriver } from '@bluelet/net/driver'
import { Simulation, simulate } from '@bluelet/net/testing'
import { kill, race, run, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../packages/net/src/server/limits.js'
import { settled, turn, until } from '../support/deadline.js'
import { dial, type Peer } from '../support/peer.js'
import { fateOf, serve, visit } from './serving.js'
import { echoer, exchange } from './simulated-pair.js'
import { driverLike, errorOf, LOOPBACK, likeObject, play } from './world.js'

describe('the limits of a server', () => {
  it.each([
    [undefined, 10_000],
    [Number.POSITIVE_INFINITY, 10_000],
    [1_048_576, 10_000],
    [20_000, 10_000],
    [12_386, 9999],
    [1024, 768],
    [256, 144],
    [64, 16],
  ])('are, with %s descriptors, %s connections', (descriptors, connections) => {
    expect(limitsOf({}, descriptors).connections).toBe(connections)
  })

  it('leave a quarter of the descriptors at the least to others, and to those that wait', () => {
    for (let descriptors = 32; descriptors < 12_000; descriptors += 7) {
      const { connections } = limitsOf({}, descriptors)

      expect(connections).toBeGreaterThan(0)
      expect(connections + Math.ceil(descriptors / 8)).toBeLessThanOrEqual(descriptors * 0.95)
    }
  })

  it('are these beside it, unless told otherwise', () => {
    const { perAddress, overload, timeouts } = limitsOf({}, undefined)

    expect({ perAddress, overload, timeouts }).toEqual({
      perAddress: Number.POSITIVE_INFINITY,
      overload: 'wait',
      timeouts: { firstByte: 60_000, idle: 120_000, message: 30_000, stall: 30_000 },
    })
  })

  it('come from the driver that the server listens by', async () => {
    const open = await simulate(function* (world) {
      const driver = likeObject(world.network, { maxDescriptors: 64 } as object)
      const { port, counts } = yield* serve(echoer, { driver })
      const conns: Connection[] = []
      for (let i = 0; i < 20; i++) conns.push(yield* connect(LOOPBACK, port))
      yield* sleep(100)
      const { open } = counts
      for (const conn of conns) conn.abort()
      return open
    })

    expect(open).toBe(16)
  })

  it('may be none', () => {
    const none = Number.POSITIVE_INFINITY
    const options: ServerOptions = {
      maxConnections: none,
      maxConnectionsPerAddress: none,
      firstByteTimeout: none,
      idleTimeout: none,
      messageTimeout: none,
      stallTimeout: none,
      grace: none,
      keepAlive: none,
    }

    expect(() => server('', 0, echoer, options)).not.toThrow()
  })
})

describe('an option that can be none', () => {
  const COUNT = 'expected a positive integer or Infinity'
  const TIME = 'expected ms > 0, or Infinity for no limit'

  it.each([
    ['maxConnections', 0, `server: maxConnections: ${COUNT}, got 0`],
    ['maxConnections', -1, `server: maxConnections: ${COUNT}, got -1`],
    ['maxConnections', 1.5, `server: maxConnections: ${COUNT}, got 1.5`],
    ['maxConnections', Number.NaN, `server: maxConnections: ${COUNT}, got NaN`],
    ['maxConnections', '5', `server: maxConnections: ${COUNT}, got "5"`],
    ['maxConnections', null, `server: maxConnections: ${COUNT}, got null`],
    ['maxConnectionsPerAddress', 0, `server: maxConnectionsPerAddress: ${COUNT}, got 0`],
    ['maxConnectionsPerAddress', '1', `server: maxConnectionsPerAddress: ${COUNT}, got "1"`],
    ['overload', 'drop', "server: overload: expected 'wait', 'close' or 'reset', got \"drop\""],
    ['overload', true, "server: overload: expected 'wait', 'close' or 'reset', got true"],
    ['firstByteTimeout', 0, `server: firstByteTimeout: ${TIME}, got 0`],
    ['idleTimeout', -5, `server: idleTimeout: ${TIME}, got -5`],
    ['messageTimeout', Number.NaN, `server: messageTimeout: ${TIME}, got NaN`],
    ['stallTimeout', '30s', `server: stallTimeout: ${TIME}, got "30s"`],
    ['signals', 'SIGINT', 'server: signals: expected true or false, got "SIGINT"'],
    ['grace', -1, 'server: grace: expected ms >= 0, got -1'],
    ['grace', Number.NaN, 'server: grace: expected ms >= 0, got NaN'],
    ['grace', '5', 'server: grace: expected ms >= 0, got "5"'],
  ])('is refused when server is called: %s %s', (option, value, message) => {
    const call = () => server('', 0, echoer, { [option]: value })

    expect(call).toThrow(message)
  })
})

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
  ])('is dropped at once by %s, and counted, and the others are served', async (overload, expected) => {
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
  ])(
    'is one of a burst of ten: by %s, %s of them are served, and never more than three at a time',
    async (overload, served) => {
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
    },
  )

  it('is one of 64 at the most that are held before they are dropped', async () => {
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

  it('does not linger when it is dropped', async () => {
    const { before, after } = await simulate(function* (world) {
      const { port } = yield* serve(echoer, { maxConnections: 1, overload: 'close' })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      const before = world.network.descriptors
      const second = yield* connect(LOOPBACK, port)
      yield* second.recv()
      const after = world.network.descriptors
      for (const conn of [first, second]) conn.abort()
      return { before, after }
    })

    // Only its own end is left: it has not closed it.
    expect(after - before).toBe(1)
  })

  it('gets no seat while the handler of one that has gone is still at work', async () => {
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

  it('waits until a connection that lingers has freed its descriptor', async () => {
    const { open, served, replyAt } = await simulate(function* (world) {
      const { port, counts } = yield* serve(
        function* (conn) {
          yield* conn.sendall('bye')
        },
        { maxConnections: 1 },
      )
      const first = yield* connect(LOOPBACK, port)
      yield* first.readall()
      const closedAt = world.now()
      const second = yield* connect(LOOPBACK, port)
      yield* race([second.peek(), sleep(1000)])
      const { open, served } = counts
      // The first does not end its side: its linger has a deadline.
      yield* second.readall()
      const replyAt = world.now() - closedAt
      for (const conn of [first, second]) conn.abort()
      return { open, served, replyAt }
    })

    expect({ open, served }).toEqual({ open: 1, served: 1 })
    expect(replyAt).toBeGreaterThanOrEqual(4900)
    expect(replyAt).toBeLessThan(5100)
  })

  it('has the seat of one that had gone before it was served', async () => {
    const { reply, counts } = await simulate(function* () {
      const { port, counts, task } = yield* serve(echoer, { maxConnections: 1 })
      const first = yield* connect(LOOPBACK, port)
      yield* exchange(first, 'first')
      // It waits for its seat, and breaks meanwhile.
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
  /** What has come for a client that was the second of two, while the first was there, and after that. */
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

  it('sees the end of the stream, by close', async () => {
    const { peer, reply } = await secondOfTwo('close')

    expect(peer.ended).toBe(true)
    expect(peer.errors).toEqual([])
    expect(reply).toBe('')
  })

  it('sees a reset, by reset', async () => {
    const { peer, reply } = await secondOfTwo('reset')

    expect(peer.ended).toBe(false)
    expect(peer.errors).toEqual(['ECONNRESET'])
    expect(reply).toBe('')
  })

  it('is not taken for a deadlock while the only seat lingers, even if nothing else runs', async () => {
    const controller = new AbortController()
    let port = 0
    const serving = play(
      server(
        LOOPBACK,
        0,
        function* (conn) {
          yield* conn.sendall('bye')
        },
        {
          maxConnections: 1,
          signal: controller.signal,
          onListening: ({ address }) => {
            port = address.port
          },
        },
      ),
    )
    await until('the server listens', () => port > 0)

    const first = await dial(port)
    await first.finish()
    const second = await dial(port)
    const early = await settled(() => second.read().length, 50)
    first.end()
    await second.finish()
    second.end()
    controller.abort()
    await serving

    expect(early).toBe(0)
    expect([first.text, second.text]).toEqual(['bye', 'bye'])
  })
})

describe('a client above maxConnectionsPerAddress', () => {
  /** Connects from each of the addresses, one after the other; says what came for each. */
  function served(hosts: readonly string[], options: ServerOptions): Promise<string[]> {
    return simulate(function* () {
      const { port } = yield* serve(echoer, options, '')
      const fates: string[] = []
      const conns: Connection[] = []
      for (const host of hosts) {
        // In a simulation one connects from the address that one connects to.
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

  it('is closed: one of an IPv4 address, and not of another one', async () => {
    const fates = await served(['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.1'], {
      maxConnectionsPerAddress: 2,
    })

    expect(fates).toEqual(['x', 'x', 'x', ''])
  })

  it('is reset, if that is what becomes of those above a limit', async () => {
    const fates = await served(['10.0.0.1', '10.0.0.1', '10.0.0.2'], {
      maxConnectionsPerAddress: 1,
      overload: 'reset',
    })

    expect(fates).toEqual(['x', 'reset', 'x'])
  })

  it('is one of the same IPv6 network of 64 bits, and not of another one', async () => {
    const hosts = ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:3::1', '2001:db8:1:2::2']

    const fates = await served(hosts, { maxConnectionsPerAddress: 2 })

    expect(fates).toEqual(['x', 'x', 'x', ''])
  })

  it('is counted, and told by its address', async () => {
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

  it('is served again when another one of its address has freed its descriptor', async () => {
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

  it('is nobody whose address is not known: such a one may have gone, and is served', async () => {
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

describe('the counts of a server', () => {
  it('say that none is open when all have ended, whoever was the first to end', async () => {
    const { open } = await simulate(function* () {
      const { port, counts } = yield* serve(echoer)
      const open: number[] = []
      for (let i = 0; i < 3; i++) {
        const conn = yield* connect(LOOPBACK, port)
        yield* exchange(conn, 'hello')
        conn.close()
        yield* sleep(10)
        open.push(counts.open)
      }
      return { open }
    })

    expect(open).toEqual([0, 0, 0])
  })
  it('say how many are open, how many were served, and how many have failed', async () => {
    const { seen, failures } = await simulate(function* () {
      const { port, counts, errors } = yield* serve(function* (conn) {
        if (String(yield* conn.recv()) === 'fail') throw new Error('failed')
      })
      const seen: number[][] = []
      const look = () => void seen.push([counts.open, counts.served, counts.failed])
      look()
      const good = yield* connect(LOOPBACK, port)
      const bad = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      look()
      yield* bad.sendall('fail')
      yield* fateOf(bad)
      yield* sleep(10)
      look()
      yield* good.sendall('work')
      yield* fateOf(good)
      yield* sleep(10)
      look()
      return { seen, failures: errors.map(String) }
    })

    expect(seen).toEqual([
      [0, 0, 0],
      [2, 2, 0],
      [1, 2, 1],
      [0, 2, 1],
    ])
    expect(failures).toEqual(['Error: failed'])
  })

  it('count a failure that is printed, since nobody listens for errors', async () => {
    const world = new Simulation()

    const failed = await run(
      function* () {
        const failing = function* () {
          throw new Error('printed')
        }
        const { port, counts } = yield* serve(failing, { onError: undefined } as unknown as ServerOptions)
        yield* visit(port)
        return counts.failed
      },
      { host: world },
    )

    expect(failed).toBe(1)
    expect(world.reports.map(String)).toEqual(['Error: printed'])
  })

  it('do not count a client that has gone as a failure', async () => {
    const { failed, errors } = await simulate(function* () {
      const { port, counts, errors } = yield* serve(echoer)
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      conn.abort()
      yield* sleep(10)
      return { failed: counts.failed, errors }
    })

    expect(failed).toBe(0)
    expect(errors).toEqual([])
  })

  it('count what nobody accepted in time, for which there is no address to tell', async () => {
    const { dropped, atTheEnd, drops, waiting } = await play(function* () {
      const { task, port, counts, drops } = yield* serve(echoer, {
        maxConnections: 1,
        backlog: 1,
        driver: 'node',
      })
      const first: Peer = yield dial(port)
      first.read().write('x')
      yield first.until('the echo', () => first.length === 1)
      const peers: Peer[] = []
      // One after the other: the kernel's own queue is short, and who meets it full tries again after a second.
      for (let i = 0; i < 14; i++) {
        // A reset may come before the client has seen that it is connected.
        const [dialled]: PromiseSettledResult<Peer>[] = yield Promise.allSettled([dial(port)])
        if (dialled?.status === 'fulfilled') peers.push(dialled.value.read())
        yield until('it is accepted, or reset', () => i < 8 || counts.dropped.queue === i - 7)
        for (let turns = 0; turns < 5; turns++) yield turn()
      }
      yield settled(() => peers.filter(({ closed }) => closed).length, 50)
      const waiting = peers.filter(({ closed }) => !closed).length
      const dropped = { ...counts.dropped }
      for (const peer of [first, ...peers]) peer.socket.destroy()
      yield* kill(task)
      return { dropped, atTheEnd: counts.dropped.queue, drops, waiting }
    })

    expect(waiting).toBe(8)
    expect(dropped).toEqual({ connections: 0, address: 0, queue: 6 })
    expect(atTheEnd).toBe(6 + waiting)
    expect(drops).toEqual([])
  })

  it('count without anybody who listens for drops', async () => {
    const { fate, dropped } = await simulate(function* () {
      const { port, counts } = yield* serve(echoer, {
        maxConnections: 1,
        overload: 'close',
        onDrop: undefined,
      } as unknown as ServerOptions)
      const first = yield* connect(LOOPBACK, port)
      const fate = yield* visit(port)
      first.close()
      return { fate, dropped: counts.dropped.connections }
    })

    expect(fate).toBe('|end')
    expect(dropped).toBe(1)
  })
})

describe('an onDrop that throws', () => {
  it('is reported, and harms nothing: whoever is dropped is, and the server goes on', async () => {
    const world = new Simulation()

    const { fates, reply } = await run(
      function* () {
        const { port } = yield* serve(echoer, {
          maxConnections: 1,
          overload: 'close',
          onDrop: (reason) => {
            throw new Error(`onDrop: ${reason}`)
          },
        })
        const first = yield* connect(LOOPBACK, port)
        yield* exchange(first, 'first')
        const fates = [yield* visit(port), yield* visit(port)]
        const reply = yield* exchange(first, 'still')
        first.close()
        return { fates, reply }
      },
      { host: world },
    )

    expect(fates).toEqual(['|end', '|end'])
    expect(reply).toBe('still')
    expect(world.reports.map(String)).toEqual(['Error: onDrop: connections', 'Error: onDrop: connections'])
  })

  it('is reported when it was told of a deadline, and the client is gone all the same', async () => {
    const world = new Simulation()

    const { fate, missed } = await run(
      function* () {
        const { port, counts } = yield* serve(echoer, {
          firstByteTimeout: 100,
          onDrop: (reason) => {
            throw new Error(`onDrop: ${reason}`)
          },
        })
        const fate = yield* visit(port)
        return { fate, missed: counts.missed.firstByte }
      },
      { host: world },
    )

    expect(fate).toBe('|end')
    expect(missed).toBe(1)
    expect(world.reports.map(String)).toEqual(['Error: onDrop: firstByte'])
  })
})

describe('the driver of a server', () => {
  it('may have nothing to say of descriptors', async () => {
    const { maxDescriptors: _, ...rest } = nodeDriver

    const reply = await play(function* () {
      const { task, port } = yield* serve(echoer, { driver: driverLike(rest, {}) })
      const conn = yield* connect(LOOPBACK, port)
      const reply = yield* exchange(conn, 'hello')
      conn.close()
      yield* kill(task)
      return reply
    })

    expect(reply).toBe('hello')
  })

  it('refuses, if it is gone, those that nobody waits for: they see an error, and not silence', async () => {
    const error = await simulate(function* () {
      const { port, task } = yield* serve(echoer)
      yield* kill(task)
      return yield* errorOf(connect(LOOPBACK, port))
    })

    expect((error as { code: string }).code).toBe('ECONNREFUSED')
  })
})
