// Promise 2 of the network, where it depends on the end of a turn: in virtual time, in which the
// budget of a turn is one of steps.
import {
  ClosedError,
  type Connection,
  ConnectionResetError,
  connect,
  server,
  TimeoutError,
} from '@bluelet/net'
import { type Operation, Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, pause, race, run, Scheduler, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { serve } from '../serving.js'
import { pair } from '../simulated-pair.js'
import { errorOf, LOOPBACK, pattern } from '../world.js'

const KIB = 1024
const PIECE = 16 * KIB
const MARK = 64 * KIB

/** Sends until the kernel takes no more, without a task that waits. */
function* fill(conn: Connection): Coroutine<void> {
  for (let refused = 0; refused < 2; ) {
    if (conn.trySend(Buffer.alloc(1000))) continue
    refused++
    yield* sleep(1)
  }
}

/** Reads as long as there is something to read. */
function* drain(conn: Connection): Coroutine<void> {
  while (true) yield* conn.recv()
}

describe('a send of up to 16 KiB', () => {
  it('waits for the end of the turn, and costs no turn itself', async () => {
    const seen = await simulate(function* () {
      const { client } = yield* pair()
      const seen: unknown[] = []
      yield* spawn(function* () {
        seen.push(`bystander: ${client.unsent}`)
      })
      yield* client.sendall('one')
      yield* timeout(1000, client.sendall('two'))
      seen.push(client.unsent)
      yield* race([client.sendall('three'), sleep(1000)])
      seen.push(client.unsent)
      yield* sleep(1)
      seen.push(client.unsent)
      client.abort()
      return seen
    })

    expect(seen).toEqual([6, 'bystander: 11', 11, 0])
  })

  it('is handed over within the turn once 64 KiB wait', async () => {
    const seen = await simulate(function* () {
      const { client, server } = yield* pair()
      const sent = pattern(MARK + PIECE)
      const waiting: number[] = []
      for (let at = 0; at < sent.length; at += PIECE) {
        yield* client.sendall(sent.subarray(at, at + PIECE))
        waiting.push(client.unsent)
      }
      const received = yield* server.readexactly(sent.length)
      client.abort()
      return { waiting, same: received.equals(sent) }
    })

    expect(seen.waiting).toEqual([1, 2, 3, 4, 1].map((pieces) => pieces * PIECE))
    expect(seen.same).toBe(true)
  })

  it('is handed over at the end of a single step by hand', async () => {
    const seen = await simulate(function* (world) {
      const { client } = yield* pair()
      const scheduler = new Scheduler({ host: world })
      scheduler.spawn(function* () {
        yield* client.sendall('x')
      })
      const seen = [client.unsent, scheduler.step(), client.unsent]
      client.abort()
      return seen
    })

    expect(seen).toEqual([0, true, 0])
  })

  it('is handed over at the end of a step within a step, with what the outer one has sent', async () => {
    const seen = await simulate(function* (world) {
      const { client } = yield* pair()
      const scheduler = new Scheduler({ host: world })
      scheduler.spawn(function* () {
        yield* client.sendall('inner')
      })
      yield* client.sendall('outer')
      const before = client.unsent
      scheduler.step()
      const within = client.unsent
      yield* client.sendall('later')
      const after = client.unsent
      yield* sleep(1)
      const end = client.unsent
      client.abort()
      return [before, within, after, end]
    })

    expect(seen).toEqual([5, 0, 5, 0])
  })

  it('of which too many wait, in all connections of the run, is handed over at once', async () => {
    const seen = await simulate(function* () {
      const { client } = yield* pair()
      const others: Connection[] = []
      for (let i = 0; i < 66; i++) others.push((yield* pair()).client)
      for (const other of others) other.trySend(Buffer.alloc(MARK))
      const buffered = others.reduce((sum, { unsent }) => sum + unsent, 0)
      const tried = client.trySend('x')
      yield* client.sendall('handed over')
      const { unsent } = client
      yield* sleep(1)
      yield* client.sendall('collected')
      const seen = { buffered, tried, unsent, later: client.unsent }
      for (const conn of [client, ...others]) conn.abort()
      return seen
    })

    expect(seen).toEqual({ buffered: 4 * KIB * KIB, tried: false, unsent: 0, later: 9 })
  })

  it('counts among the bytes written once the socket has it', async () => {
    const seen = await simulate(function* () {
      const seen: number[] = []
      const { port } = yield* serve(function* (conn, session) {
        yield* conn.sendall('four')
        seen.push(session.bytesWritten)
        yield* conn.flush()
        seen.push(session.bytesWritten)
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.readall()
      conn.close()
      return seen
    })

    expect(seen).toEqual([0, 4])
  })
})

describe('the exit of the process', () => {
  it('hands over what was collected, and tries once more what was refused', async () => {
    let writes = 0
    const counting = ({ kind }: Operation): undefined => {
      if (kind === 'write') writes++
    }
    const seen = await simulate(
      function* () {
        const { client } = yield* pair()
        const other = yield* pair()
        yield* fill(client)
        const refused = client.unsent
        yield* other.client.sendall('collected')
        const before = other.client.unsent
        writes = 0
        const listener = process.listeners('exit').find(({ name }) => name === 'handOverAtExit')
        listener?.call(process, 0)
        const seen = { refused: client.unsent === refused, before, after: other.client.unsent, writes }
        for (const conn of [client, other.client]) conn.abort()
        return seen
      },
      { buffer: 1000, fault: counting },
    )

    expect(seen).toEqual({ refused: true, before: 9, after: 0, writes: 2 })
  })
})

describe('bytes that the kernel has refused', () => {
  it('hold the run open until they have gone, although no task waits and none is left', async () => {
    const world = new Simulation({ buffer: 1000 })
    let ended = -1
    const running = run(
      function* () {
        const { client, server } = yield* pair()
        yield* fill(client)
        // The driver alone reads: there is no task.
        const read = () => {
          if (client.unsent === 0) return
          server.socket.read(1000)
          world.at(world.now() + 10, read)
        }
        world.at(100, read)
        return client
      },
      { host: world },
    ).then((client) => {
      ended = world.now()
      return client.unsent
    })

    expect(await running).toBe(0)
    expect(ended).toBeGreaterThanOrEqual(100)
  })

  it('are a stall if the client takes none of them, although no task waits', async () => {
    const { drops, reads, later, ms } = await simulate(
      function* (world) {
        let reads: unknown
        let later: unknown
        const served = yield* serve(
          function* (conn) {
            yield* fill(conn)
            reads = yield* errorOf(conn.recv())
            later = yield* errorOf(conn.sendall('x'))
          },
          { stallTimeout: 1000 },
        )
        const conn = yield* connect(LOOPBACK, served.port)
        while (served.counts.missed.stall === 0 && world.now() < 60_000) yield* sleep(10)
        const ms = world.now()
        yield* sleep(10)
        conn.abort()
        return { drops: served.drops.length, reads, later, ms }
      },
      { buffer: 1000 },
    )

    expect(ms).toBeGreaterThanOrEqual(1000)
    expect(ms).toBeLessThan(1600)
    expect(reads).toBeInstanceOf(ClosedError)
    expect(later).toBeInstanceOf(TimeoutError)
    expect(drops).toBe(1)
  })

  it('are a stall of a connection without a server, too', async () => {
    const { error, ms } = await simulate(
      function* (world: Simulation) {
        const { client } = yield* pair({ stallTimeout: 1000 })
        yield* fill(client)
        const begin = world.now()
        yield* client.whenClosed()
        return { error: yield* errorOf(client.flush()), ms: world.now() - begin }
      },
      { buffer: 1000 },
    )

    expect(error).toBeInstanceOf(TimeoutError)
    expect(ms).toBeGreaterThanOrEqual(990)
    expect(ms).toBeLessThan(1600)
  })

  it('are reset after close() if the peer takes none of them', async () => {
    const ms = await simulate(
      function* (world: Simulation) {
        const { client } = yield* pair()
        yield* fill(client)
        const begin = world.now()
        client.close()
        yield* client.whenClosed()
        return world.now() - begin
      },
      { buffer: 1000 },
    )

    expect(ms).toBeGreaterThanOrEqual(30_000)
    expect(ms).toBeLessThan(40_000)
  })
})

describe('memory that is transferred or shrunk', () => {
  it.each([
    ['before the send', 10, false],
    ['while a small send waits', 10, true],
    ['while a large send waits', 20_000, true],
  ])('%s is an error, and aborts the connection', async (_when, length, waits) => {
    const seen = await simulate(
      function* () {
        const { client, server } = yield* pair()
        if (waits) yield* fill(client)
        const bytes = new Uint8Array(length)
        const event = client.sendall(bytes)
        if (!waits) structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
        const sending = yield* spawn(errorOf, event)
        const flush = waits ? yield* spawn(errorOf, client.flush()) : null
        yield* sleep(1)
        if (waits) {
          structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
          yield* errorOf(drain(server))
        }
        return { error: yield sending, closed: client.closed, flush: flush && (yield flush) }
      },
      { buffer: 1000 },
    )

    expect(seen.error).toBeInstanceOf(TypeError)
    expect(seen.error.message).toMatch(/^sendall\(\d+ bytes\): the memory was transferred or resized/)
    expect(seen.closed).toBe(true)
    if (waits) expect(seen.flush).toBeInstanceOf(ClosedError)
  })

  // In optimized code that has met resizable memory, V8 gives the old length of transferred memory.
  it('is an error after many sends of resizable memory', async () => {
    const missed = await simulate(function* () {
      const resizable = new Uint8Array(Reflect.construct(ArrayBuffer, [10, { maxByteLength: 20 }]))
      let missed = 0
      for (let round = 0; round < 100; round++) {
        const { client } = yield* pair()
        for (let i = 0; i < 50; i++) yield* client.sendall(resizable)
        const bytes = new Uint8Array(10)
        const event = client.sendall(bytes)
        structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
        try {
          yield* event
          missed++
        } catch {}
        client.abort()
      }
      return missed
    })

    expect(missed).toBe(0)
  })
})

describe('a handler that fails', () => {
  it('hands over what it has sent, once, and is reset', async () => {
    const seen = await simulate(function* () {
      const { port } = yield* serve(
        function* (conn) {
          yield* conn.peek()
          yield* conn.sendall('half a reply')
          throw new Error('broken handler')
        },
        { onError() {} },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('x')
      const text = String(yield* conn.recv())
      const error = yield* errorOf(conn.recv())
      conn.close()
      return { text, error }
    })

    expect(seen.text).toBe('half a reply')
    expect(seen.error).toBeInstanceOf(ConnectionResetError)
  })

  it('is not one of which only the last hand-over has failed', async () => {
    const reasons: string[] = []
    await simulate(function* () {
      const closing = new AbortController()
      yield* spawn(
        server(
          '',
          4915,
          function* (conn) {
            yield* conn.peek()
            yield* sleep(10)
            yield* conn.sendall('to a client that has gone')
            yield* pause()
          },
          { onClose: (_conn, { reason }) => void reasons.push(reason), signal: closing.signal },
        ),
      )
      yield* sleep(1)
      const conn = yield* connect(LOOPBACK, 4915)
      yield* conn.send('x')
      yield* sleep(5)
      conn.abort()
      yield* sleep(100)
      closing.abort()
    })

    expect(reasons).toEqual(['returned'])
  })
})
