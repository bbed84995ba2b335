// The behaviour of simulated sockets beyond that of every driver.
import { type Connection, ConnectionResetError } from '@bluelet/net'
import { type NetworkOptions, simulate } from '@bluelet/net/testing'
import { all, ClosedError, type Coroutine, join, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { abort, echoer, exchange, pair } from '../../simulated-pair.js'
import { errorOf, pattern } from '../../world.js'

/** Sends blocks until the connection is closed; counts the bytes that were taken. */
function* flood(conn: Connection, block: number, taken: { bytes: number }): Coroutine<void> {
  try {
    while (true) taken.bytes += yield* conn.send(Buffer.alloc(block))
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error
  }
}

/** Receives up to the end of the stream; gives the pieces. */
function* pieces(conn: Connection, max = 65_536): Coroutine<Buffer[]> {
  const received: Buffer[] = []
  while (true) {
    const piece = yield* conn.recv(max)
    if (piece.length === 0) return received
    received.push(piece)
  }
}

describe('latency', () => {
  it.each([0, 1, 7.5, 1000])('of %d ms is exact, each way', async (latency) => {
    const times = await simulate(
      function* (world) {
        const { client, server } = yield* pair()
        const begin = world.now()
        yield* spawn(echoer(server))
        const times: number[] = []
        for (let i = 0; i < 3; i++) {
          yield* exchange(client, 'x')
          times.push(world.now() - begin)
        }
        client.close()
        return times
      },
      { latency },
    )

    expect(times).toEqual([2 * latency, 4 * latency, 6 * latency])
  })

  it('is 1 ms by default', async () => {
    const took = await simulate(function* (world) {
      const { client, server } = yield* pair()
      yield* spawn(echoer(server))
      const begin = world.now()
      yield* exchange(client, 'x')
      client.close()
      return world.now() - begin
    })

    expect(took).toBe(2)
  })

  /** The times that each of a hundred bytes takes to arrive, one after the other. */
  function latencies(seed: number): Promise<number[]> {
    return simulate(
      function* (world) {
        const ends = yield* pair()
        const times: number[] = []
        for (let i = 0; i < 100; i++) {
          const begin = world.now()
          yield* ends.client.sendall('x')
          yield* ends.server.recv(1)
          times.push(world.now() - begin)
        }
        abort(ends)
        return times
      },
      { latency: [5, 9], seed },
    )
  }

  it('is drawn from the seed between minimum and maximum, both of which occur', async () => {
    const times = await latencies(1)

    expect([...new Set(times)].sort()).toEqual([5, 6, 7, 8, 9])
    expect(await latencies(1)).toEqual(times)
    expect(await latencies(2)).not.toEqual(times)
  })

  it('that varies does not change the order', async () => {
    const text = await simulate(
      function* () {
        const { client, server } = yield* pair()
        for (let i = 0; i < 50; i++) {
          yield* client.sendall(`${i},`)
          yield* sleep(1)
        }
        client.close()
        const text = String(yield* server.readall())
        server.close()
        return text
      },
      { latency: [1, 100] },
    )

    expect(text).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''))
  })
})

describe('the bytes that arrive', () => {
  it('are joined when two sends have arrived before one read', async () => {
    const text = await simulate(function* () {
      const ends = yield* pair()
      yield* ends.client.sendall('one')
      yield* ends.client.sendall('two')
      yield* sleep(2)
      const text = String(yield* ends.server.recv(100))
      abort(ends)
      return text
    })

    expect(text).toBe('onetwo')
  })

  it('are not joined with later ones', async () => {
    const texts = await simulate(function* () {
      const ends = yield* pair()
      yield* spawn(function* () {
        yield* ends.client.sendall('one')
        yield* sleep(1)
        yield* ends.client.sendall('two')
      })
      const texts = [String(yield* ends.server.recv(100)), String(yield* ends.server.recv(100))]
      abort(ends)
      return texts
    })

    expect(texts).toEqual(['one', 'two'])
  })
})

describe('fragment', () => {
  const bytes = pattern(20_000)

  /** Sends from one end to the other; gives the sent bytes and the received pieces. */
  function sent(options: NetworkOptions & { seed?: number }): Promise<{ pieces: Buffer[]; sends: number[] }> {
    return simulate(
      function* () {
        const { client, server } = yield* pair()
        const sends: number[] = []
        const reading = yield* spawn(pieces(server))
        for (let at = 0; at < bytes.length; at += sends.at(-1)!) {
          sends.push(yield* client.send(bytes.subarray(at)))
        }
        client.close()
        const received = yield* join(reading)
        server.close()
        return { pieces: received, sends }
      },
      { fragment: true, ...options },
    )
  }

  it('cuts the sent bytes into pieces of any size, and loses nothing', async () => {
    const { pieces } = await sent({})

    expect(pieces.length).toBeGreaterThan(5)
    expect(new Set(pieces.map((piece) => piece.length)).size).toBeGreaterThan(5)
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
  })

  it('takes only part of a write', async () => {
    const { sends } = await sent({})

    expect(sends.length).toBeGreaterThan(3)
    expect(sends.reduce((sum, n) => sum + n)).toBe(bytes.length)
  })

  it('loses nothing in small buffers either, with any seed', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { pieces } = await sent({ buffer: 1000, seed })

      expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
    }
  })

  it('cuts at other places with another seed', async () => {
    const cuts = async (seed: number) => (await sent({ seed })).pieces.map((piece) => piece.length)

    expect(await cuts(1)).toEqual(await cuts(1))
    expect(await cuts(1)).not.toEqual(await cuts(2))
  })

  it('is off by default, so that bytes that fit are one piece', async () => {
    const { pieces, sends } = await sent({ fragment: false })

    expect(sends).toEqual([bytes.length])
    expect(pieces).toEqual([bytes])
  })
})

describe('buffer', () => {
  /**
   * The number of bytes that an end takes, in sends of `block` bytes, while its peer reads nothing.
   */
  async function takenBy(block: number, options: NetworkOptions): Promise<number> {
    const taken = { bytes: 0 }
    await simulate(function* () {
      const ends = yield* pair()
      yield* spawn(flood(ends.client, block, taken))
      yield* sleep(10_000)
      abort(ends)
    }, options)
    return taken.bytes
  }

  it.each([1, 10, 1000])(
    'of %i bytes is full after twice as many if the peer reads nothing',
    async (buffer) => {
      expect(await takenBy(1, { buffer })).toBe(2 * buffer)
    },
  )

  it.each([7, 10, 50, 99, 1000])(
    'is full after at least one and a half times its size in sends of %i bytes, since a sender waits for more room',
    async (block) => {
      const taken = await takenBy(block, { buffer: 100 })

      expect(taken).toBeGreaterThan(150)
      expect(taken).toBeLessThanOrEqual(200)
    },
  )

  it('is 65,536 bytes by default', async () => {
    expect(await takenBy(65_536, {})).toBe(2 * 65_536)
  })

  it('takes as many bytes again as the peer has read', async () => {
    const taken = { bytes: 0 }

    await simulate(
      function* () {
        const ends = yield* pair()
        yield* spawn(flood(ends.client, 10, taken))
        yield* sleep(100)
        yield* ends.server.readexactly(33)
        yield* sleep(100)
        abort(ends)
      },
      { buffer: 100 },
    )

    // A bounded read takes all bytes that have arrived.
    expect(taken.bytes).toBe(300)
  })

  it('limits each direction separately', async () => {
    const [there, back] = [{ bytes: 0 }, { bytes: 0 }]

    await simulate(
      function* () {
        const ends = yield* pair()
        yield* spawn(flood(ends.client, 10, there))
        yield* spawn(flood(ends.server, 10, back))
        yield* sleep(100)
        // As a small read does, it receives all that has come.
        yield* ends.server.recv(50)
        yield* sleep(100)
        abort(ends)
      },
      { buffer: 100 },
    )

    expect([there.bytes, back.bytes]).toEqual([300, 200])
  })

  it('of one byte carries a message', async () => {
    const text = await simulate(
      function* () {
        const { client, server } = yield* pair()
        yield* spawn(function* () {
          yield* client.sendall('the quick brown fox')
          client.close()
        })
        const text = String(yield* server.readall())
        server.close()
        return text
      },
      { buffer: 1 },
    )

    expect(text).toBe('the quick brown fox')
  })
})

describe('the end of a stream', () => {
  it('leaves the other direction open', async () => {
    const texts = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* client.sendall('question')
      client.shutdown()
      const texts = [String(yield* server.readall())]
      yield* sleep(1000)
      yield* server.sendall('answer')
      server.close()
      texts.push(String(yield* client.readall()))
      client.close()
      return texts
    })

    expect(texts).toEqual(['question', 'answer'])
  })

  it('comes after all sent bytes, even if the peer has no room for them yet', async () => {
    const bytes = pattern(1000)

    const received = await simulate(
      function* () {
        const { client, server } = yield* pair()
        yield* spawn(function* () {
          yield* client.sendall(bytes)
          client.close()
        })
        yield* sleep(1000)
        const received = Buffer.concat(yield* pieces(server, 1))
        server.close()
        return received
      },
      { buffer: 600 },
    )

    expect(received.equals(bytes)).toBe(true)
  })

  it('in both directions closes both sides, which have unread input, as soon as the ends have crossed', async () => {
    const closed = await simulate(function* (world) {
      const { client, server } = yield* pair()
      yield* all([client.sendall('unread'), server.sendall('unread')])
      yield* all([client.peek(), server.peek()])
      const begin = world.now()
      client.close()
      server.close()
      yield* all([client.whenClosed(), server.whenClosed()])
      return [world.now() - begin, world.network.descriptors]
    })

    expect(closed).toEqual([1, 0])
  })

  it('by close() lets the peer finish its upload', async () => {
    const bytes = pattern(100_000)

    const log = await simulate(
      function* (world) {
        const { client, server } = yield* pair()
        const log: string[] = []
        yield* spawn(function* () {
          yield* client.sendall(bytes)
          log.push('sent')
          client.close()
        })
        yield* sleep(10)
        yield* server.sendall('no more')
        server.close()
        log.push(String(yield* client.readall()))
        yield* server.whenClosed()
        log.push(`${world.network.descriptors} open`)
        return log
      },
      { buffer: 1000 },
    )

    expect(log.sort()).toEqual(['0 open', 'no more', 'sent'])
  })

  it('by abort() is a reset at the other end, one latency later', async () => {
    const found = await simulate(
      function* (world) {
        const { client, server } = yield* pair()
        const begin = world.now()
        client.abort()
        const error = yield* errorOf(server.recv(1))
        const took = world.now() - begin
        server.close()
        return { error, took }
      },
      { latency: 30 },
    )

    expect(found.error).toBeInstanceOf(ConnectionResetError)
    expect(found.took).toBe(30)
  })

  it('is a reset for a peer that sends to a closed end', async () => {
    const error = await simulate(function* () {
      const { client, server } = yield* pair()
      server.close()
      client.shutdown()
      yield* server.whenClosed()
      const late = yield* pair()
      late.server.abort()
      yield* late.client.sendall('x')
      yield* sleep(10)
      yield* late.client.sendall('y')
      const error = yield* errorOf(late.client.flush())
      client.close()
      late.client.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })
})
