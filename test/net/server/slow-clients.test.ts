// Clients that drip, are silent or do not read, in virtual time.
import { type Connection, connect, type ServerOptions, TimeoutError } from '@bluelet/net'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { fateOf, type Served, serve, visit } from '../serving.js'
import { errorOf, HOUR_MS, LOOPBACK } from '../world.js'

/** Small buffers, which are soon full. */
const SMALL = { buffer: 1024 }

describe('a client that drips', () => {
  const EVERY_MS = 50

  /** Sends a byte every 50 ms until sending fails. */
  function* drip(conn: Connection, bytes: number): Coroutine<void> {
    try {
      for (let i = 0; i < bytes; i++) {
        yield* conn.sendall('x')
        yield* sleep(EVERY_MS)
      }
    } catch {
      // The handler has ended the connection.
    } finally {
      conn.abort()
    }
  }

  /** Lets a client drip 100 bytes in five seconds; gives when and why the handler ended. */
  function dripping(
    read: (conn: Connection) => Coroutine<unknown>,
    options: ServerOptions,
  ): Promise<{ ms: number; error: unknown; drops: Served['drops'] }> {
    return simulate(function* (world) {
      let ended: { ms: number; error: unknown } | undefined
      const { port, drops } = yield* serve(function* (conn) {
        const begun = world.now()
        let error: unknown
        try {
          yield* read(conn)
        } catch (thrown) {
          error = thrown
          throw thrown
        } finally {
          ended = { ms: world.now() - begun, error }
        }
      }, options)
      yield* drip(yield* connect(LOOPBACK, port), 100)
      yield* sleep(100)
      return { ...ended!, drops }
    })
  }

  it.each<[string, (conn: Connection) => Coroutine<unknown>]>([
    [
      'readline',
      function* (conn) {
        yield* conn.readline()
      },
    ],
    [
      'readuntil',
      function* (conn) {
        yield* conn.readuntil('\r\n')
      },
    ],
    [
      'readexactly',
      function* (conn) {
        yield* conn.readexactly(1000)
      },
    ],
    [
      'readall',
      function* (conn) {
        yield* conn.readall()
      },
    ],
  ])('does not extend the timeout of its message by a byte every 50 ms: %s', async (_name, read) => {
    const { ms, error, drops } = await dripping(read, { messageTimeout: 1000 })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(ms).toBeGreaterThanOrEqual(1000)
    expect(ms).toBeLessThanOrEqual(1250 + EVERY_MS)
    expect(drops.map(([reason]) => reason)).toEqual(['message'])
  })

  it('is not idle for a handler that reads each byte', async () => {
    let received = 0

    const { ms, drops } = await dripping(
      function* (conn) {
        for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv())
          received += data.length
      },
      { idleTimeout: 1000, messageTimeout: 1000 },
    )

    expect(received).toBe(100)
    expect(ms).toBeGreaterThanOrEqual(5000)
    expect(drops.map(([reason]) => reason)).toEqual(['reset'])
  })

  it('has a timeout for each complete message, not for all of them', async () => {
    let lines = 0

    const { drops } = await dripping(
      function* (conn) {
        while (true) {
          if ((yield* conn.readexactly(10)).length < 10) break
          lines++
        }
      },
      { messageTimeout: 1000 },
    )

    expect(lines).toBe(10)
    expect(drops.map(([reason]) => reason)).toEqual(['reset'])
  })

  it('does not extend the timeout of its message by receiving', async () => {
    const { ms, drops } = await dripping(
      function* (conn) {
        yield* spawn(function* ticker() {
          while (true) {
            yield* conn.sendall('tick')
            yield* sleep(100)
          }
        })
        yield* conn.readline()
      },
      { messageTimeout: 1000 },
    )

    expect(ms).toBeLessThanOrEqual(1250 + EVERY_MS)
    expect(drops.map(([reason]) => reason)).toEqual(['message'])
  })
})

describe('a client that is silent', () => {
  it('is not idle while bytes are sent to it', async () => {
    const { end, drops } = await simulate(function* (world) {
      let end = 0
      const { port, drops } = yield* serve(
        function* (conn) {
          yield* conn.recv(1)
          yield* spawn(function* ticker() {
            for (let i = 0; i < 10; i++) {
              yield* conn.sendall('tick')
              yield* sleep(500)
            }
          })
          try {
            yield* conn.recv()
          } finally {
            end = world.now()
          }
        },
        { idleTimeout: 1000 },
      )
      yield* visit(port, 'x')
      return { end, drops }
    })

    // The ticker ends at 5 s.
    expect(end).toBeGreaterThanOrEqual(6000)
    expect(end).toBeLessThanOrEqual(6300)
    expect(drops.map(([reason]) => reason)).toEqual(['idle'])
  })

  it('can receive a last message from a handler that catches the TimeoutError', async () => {
    const { fate, counts } = await simulate(function* () {
      const { port, counts } = yield* serve(
        function* (conn) {
          try {
            yield* conn.readline()
          } catch (error) {
            if (!(error instanceof TimeoutError)) throw error
            yield* conn.sendall('too slow')
          }
        },
        { firstByteTimeout: 1000 },
      )
      const fate = yield* visit(port)
      return { fate, counts }
    })

    expect(fate).toBe('too slow|end')
    expect(counts.missed.firstByte).toBe(1)
    expect(counts.failed).toBe(0)
  })

  it('loses no byte when it misses a timeout', async () => {
    const { rest } = await simulate(function* () {
      let rest = ''
      const { port } = yield* serve(
        function* (conn) {
          yield* errorOf(conn.readline())
          rest = String(yield* conn.recv())
        },
        { messageTimeout: 1000 },
      )
      yield* visit(port, 'half a li')
      return { rest }
    })

    expect(rest).toBe('half a li')
  })
})

describe('a TimeoutError of a handler', () => {
  it('is reported if the handler set the timeout itself', async () => {
    const { errors, counts } = await simulate(function* () {
      const { port, errors, counts } = yield* serve(function* (conn) {
        yield* conn.readline('\n', { timeout: 100 })
      })
      yield* visit(port)
      return { errors, counts }
    })

    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(TimeoutError)
    expect(counts.failed).toBe(1)
    expect(counts.missed.firstByte).toBe(0)
  })

  it('is not reported if the server’s timeout ends a read that has a longer one', async () => {
    const { errors, counts } = await simulate(function* () {
      const { port, errors, counts } = yield* serve(
        function* (conn) {
          yield* conn.readline('\n', { timeout: HOUR_MS })
        },
        { messageTimeout: 1000 },
      )
      yield* visit(port, 'half')
      return { errors, counts }
    })

    expect(errors).toEqual([])
    expect(counts.missed.message).toBe(1)
  })
})

describe('a client that reads nothing', () => {
  /** Runs a handler that sends more than the buffers hold; gives how the sends ended. */
  function* flooded(
    world: Simulation,
    options: ServerOptions,
    client: (conn: Connection) => Coroutine,
  ): Coroutine<{ error: unknown; ms: number; served: Served }> {
    let error: unknown
    let ms = 0
    const served = yield* serve(function* (conn) {
      const begun = world.now()
      try {
        yield* conn.sendall(Buffer.alloc(20_000, 'f'))
      } catch (thrown) {
        error = thrown
        throw thrown
      } finally {
        ms = world.now() - begun
      }
    }, options)
    const conn = yield* connect(LOOPBACK, served.port)
    yield* client(conn)
    return { error, ms, served }
  }

  it('makes sendall throw, and is reset', async () => {
    const { error, fate, missed } = await simulate(function* (world) {
      let fate = ''
      const { error, served } = yield* flooded(world, { stallTimeout: 1000 }, function* (conn) {
        yield* sleep(5000)
        fate = yield* fateOf(conn)
      })
      return { error, fate, missed: served.counts.missed }
    }, SMALL)

    expect(error).toBeInstanceOf(TimeoutError)
    expect(fate).toMatch(/^f*\|ConnectionResetError$/)
    expect(missed).toEqual({ firstByte: 0, idle: 0, message: 0, stall: 1 })
  })

  it('is reset, unlike a client that reads slowly', async () => {
    const { error, ms, fate, drops } = await simulate(function* (world) {
      let fate = ''
      const { error, ms, served } = yield* flooded(world, { stallTimeout: 1000 }, function* (conn) {
        let length = 0
        while (true) {
          const data = yield* conn.recv(512)
          if (data.length === 0) break
          length += data.length
          yield* sleep(500)
        }
        fate = `${length}`
        conn.close()
      })
      return { error, ms, fate, drops: served.drops }
    }, SMALL)

    expect(error).toBeUndefined()
    expect(fate).toBe('20000')
    expect(ms).toBeGreaterThan(10_000)
    expect(drops).toEqual([])
  })

  it('can be handled by the handler, which may continue with other work', async () => {
    const { log, errors } = await simulate(function* () {
      const log: string[] = []
      const { port, errors } = yield* serve(
        function* (conn) {
          const error = yield* errorOf(conn.sendall(Buffer.alloc(100_000)))
          log.push(error.name, (yield* errorOf(conn.sendall('goodbye'))).name)
          yield* sleep(1000)
          log.push('done')
        },
        { stallTimeout: 1000 },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(5000)
      conn.abort()
      return { log, errors }
    }, SMALL)

    expect(log).toEqual(['TimeoutError', 'ClosedError', 'done'])
    expect(errors).toEqual([])
  })

  it('is disconnected even if the handler waits for its next message meanwhile', async () => {
    const { counts } = await simulate(function* () {
      const { port, counts } = yield* serve(
        function* (conn) {
          yield* conn.recv(1)
          yield* spawn(function* () {
            yield* errorOf(conn.recv())
          })
          yield* conn.sendall(Buffer.alloc(100_000))
        },
        { stallTimeout: 1000 },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('x')
      yield* sleep(5000)
      conn.abort()
      return { counts }
    }, SMALL)

    expect(counts.missed).toEqual({ firstByte: 0, idle: 0, message: 0, stall: 1 })
    expect(counts.failed).toBe(0)
  })

  it('is no failure either when the connection is closed while another task of the handler reads', async () => {
    const { errors, counts } = await simulate(function* () {
      const { port, errors, counts } = yield* serve(
        function* (conn) {
          yield* spawn(function* reader() {
            while ((yield* conn.recv()).length > 0) yield* pause()
          })
          yield* conn.sendall(Buffer.alloc(100_000))
        },
        { stallTimeout: 1000 },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(5000)
      conn.abort()
      return { errors, counts }
    }, SMALL)

    expect(errors).toEqual([])
    expect(counts.failed).toBe(0)
    expect(counts.missed.stall).toBe(1)
  })

  it('may miss two timeouts at once, of a reading and a writing task, and neither is a failure', async () => {
    const { errors, counts } = await simulate(function* () {
      const { port, errors, counts } = yield* serve(
        function* (conn) {
          yield* conn.readexactly(1)
          yield* spawn(function* reader() {
            yield* conn.readline()
          })
          yield* conn.sendall(Buffer.alloc(100_000))
        },
        { stallTimeout: 1000, messageTimeout: 1000 },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('half a li')
      yield* sleep(5000)
      conn.abort()
      return { errors, counts }
    }, SMALL)

    expect(errors).toEqual([])
    expect(counts.failed).toBe(0)
  })
})
