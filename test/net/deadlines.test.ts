// How long a server waits for its clients, in the virtual time of a simulation.
import { type Connection, connect, type ServerOptions, TimeoutError, type TimeoutKind } from '@bluelet/net'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, DeadlockError, Latch, pause, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { fateOf, type Served, serve, visit } from './serving.js'
import { echoer, exchange } from './simulated-pair.js'
import { errorOf, LOOPBACK, rejection } from './world.js'

const HOUR_MS = 3_600_000

/** What a handler waits for when it misses the deadline, and what its client sends before that. */
interface Case {
  readonly deadline: TimeoutKind
  readonly sends: string
  /** What is said of it. */
  readonly said: string
  readonly wait: (conn: Connection) => Coroutine
}

const CASES: readonly Case[] = [
  {
    deadline: 'firstByte',
    sends: '',
    said: 'recv(65536): nothing came',
    *wait(conn) {
      yield* conn.recv()
    },
  },
  {
    deadline: 'idle',
    sends: 'x',
    said: 'recv(65536): nothing came',
    *wait(conn) {
      yield* conn.recv()
    },
  },
  {
    deadline: 'message',
    sends: 'xy',
    said: 'readline(): the rest did not come',
    *wait(conn) {
      yield* conn.readline()
    },
  },
  {
    deadline: 'stall',
    sends: 'x',
    said: 'sendall(100000 bytes): nothing was taken',
    *wait(conn) {
      yield* conn.sendall(Buffer.alloc(100_000))
    },
  },
]

/** Does what comes before the wait of a case. */
function* begin(conn: Connection, { sends }: Case): Coroutine<void> {
  if (sends !== '') yield* conn.readexactly(1)
}

/** A client that sends that much, and then nothing for so long. */
function* linger(port: number, sends: string, ms: number): Coroutine<void> {
  const conn = yield* connect(LOOPBACK, port)
  if (sends !== '') yield* conn.sendall(sends)
  yield* sleep(ms)
  conn.abort()
}

/** Small buffers: it takes little to fill them. */
const SMALL = { buffer: 1024 }

function only(deadline: TimeoutKind, ms: number): ServerOptions {
  return { [`${deadline}Timeout`]: ms }
}

describe.each(CASES)('the $deadline deadline', (scenario) => {
  const { deadline, sends, wait, said } = scenario

  it.each([100, 1000, 30_000])('of %s ms is never early, and late by a quarter at the most', async (ms) => {
    const waits = await simulate(function* (world) {
      const waits: number[] = []
      const { port } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          const begun = world.now()
          yield* errorOf(wait(conn))
          waits.push(world.now() - begun)
        },
        only(deadline, ms),
      )
      // Each begins at another time between two looks.
      for (let i = 0; i < 20; i++) {
        const conn = yield* connect(LOOPBACK, port)
        if (sends !== '') yield* conn.sendall(sends)
        yield* sleep(ms / 17)
      }
      yield* sleep(2 * ms)
      return waits
    }, SMALL)

    expect(waits).toHaveLength(20)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(ms)
    expect(Math.max(...waits)).toBeLessThanOrEqual(ms * 1.25)
  })

  it('is late by a quarter of the shortest at the most', async () => {
    const waited = await simulate(function* (world) {
      let waited = 0
      const options = { firstByteTimeout: 400, idleTimeout: 400, messageTimeout: 400, stallTimeout: 400 }
      const { port } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          const begun = world.now()
          yield* errorOf(wait(conn))
          waited = world.now() - begun
        },
        { ...options, ...only(deadline, 10_000) },
      )
      yield* linger(port, sends, 20_000)
      return waited
    }, SMALL)

    expect(waited).toBeGreaterThanOrEqual(10_000)
    expect(waited).toBeLessThanOrEqual(10_100)
  })

  it('throws a TimeoutError that names the wait, the time and the option', async () => {
    const error = await simulate(function* () {
      let error: Error | undefined
      const { port } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          error = yield* errorOf(wait(conn))
        },
        only(deadline, 1000),
      )
      yield* linger(port, sends, 5000)
      return error
    }, SMALL)

    expect(error).toBeInstanceOf(TimeoutError)
    expect(error?.message).toBe(`${said} within 1000 ms (the server's ${deadline}Timeout)`)
  })

  it('is quiet when nobody catches it: not reported, but counted, and told with the address', async () => {
    const { counts, errors, drops, from, open } = await simulate(function* () {
      const { port, counts, errors, drops } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          yield* wait(conn)
        },
        only(deadline, 1000),
      )
      const conn = yield* connect(LOOPBACK, port)
      const from = `${conn.localAddress}`
      if (sends !== '') yield* conn.sendall(sends)
      yield* sleep(5000)
      yield* fateOf(conn)
      yield* sleep(10)
      return { counts, errors, drops, from, open: counts.open }
    }, SMALL)

    const none = { firstByte: 0, idle: 0, message: 0, stall: 0 }
    expect(errors).toEqual([])
    expect(counts.failed).toBe(0)
    expect(counts.missed).toEqual({ ...none, [deadline]: 1 })
    expect(drops.map(([reason, address]) => `${reason} ${address}`)).toEqual([`${deadline} ${from}`])
    expect(open).toBe(0)
  })

  it('can be turned off by Infinity', async () => {
    const { drops, state } = await simulate(function* () {
      const { port, drops } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          yield* wait(conn)
        },
        only(deadline, Number.POSITIVE_INFINITY),
      )
      const conn = yield* connect(LOOPBACK, port)
      if (sends !== '') yield* conn.sendall(sends)
      yield* sleep(HOUR_MS)
      const state = `${drops.length} dropped`
      conn.abort()
      return { drops, state }
    }, SMALL)

    expect(state).toBe('0 dropped')
    expect(drops).toEqual([])
  })

  it('does not count while the handler works, sleeps or waits for something else than its client', async () => {
    const { replies, drops } = await simulate(function* () {
      const latch = new Latch()
      const { port, drops } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          yield* sleep(HOUR_MS)
          yield* latch.wait()
          yield* conn.sendall('done')
        },
        only(deadline, 1000),
      )
      const conn = yield* connect(LOOPBACK, port)
      if (sends !== '') yield* conn.sendall(sends)
      yield* sleep(2 * HOUR_MS)
      latch.open()
      const replies = yield* fateOf(conn)
      return { replies, drops }
    })

    expect(replies).toBe('done|end')
    expect(drops).toEqual([])
  })

  it('begins anew with the next wait of a handler that has caught it', async () => {
    const times = await simulate(function* (world) {
      const times: number[] = []
      const { port } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          for (let i = 0; i < 3; i++) {
            const begun = world.now()
            yield* errorOf(wait(conn))
            times.push(world.now() - begun)
          }
        },
        only(deadline, 1000),
      )
      yield* linger(port, sends, 10_000)
      return times
    }, SMALL)

    // After a stall the connection is reset: there is nothing more to wait for.
    const again = deadline === 'stall' ? [0, 0] : [1000, 1000]
    expect(times.map((ms) => Math.floor(ms / 250) * 250)).toEqual([1000, ...again])
  })

  it('is quiet, too, when a task that the handler has spawned waits, and the handler does something else', async () => {
    const { counts, errors } = await simulate(function* () {
      const { port, counts, errors } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          yield* spawn(wait(conn))
          yield* sleep(HOUR_MS)
        },
        only(deadline, 1000),
      )
      yield* linger(port, sends, 5000)
      return { counts, errors }
    }, SMALL)

    expect(errors).toEqual([])
    expect(counts.failed).toBe(0)
    expect(counts.missed[deadline]).toBe(1)
  })

  it('leaves no timer once the connection is over', async () => {
    const { while_, after } = await simulate(function* () {
      const { port, task } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          yield* wait(conn)
        },
        only(deadline, 1000),
      )
      const { timers } = task.scheduler
      const conn = yield* connect(LOOPBACK, port)
      if (sends !== '') yield* conn.sendall(sends)
      yield* sleep(10)
      const while_ = timers.size
      conn.abort()
      yield* sleep(10)
      return { while_, after: timers.size }
    }, SMALL)

    expect(while_).toBe(1)
    expect(after).toBe(0)
  })
})

describe('a client that drips', () => {
  const EVERY_MS = 50

  /** Sends a byte now and then, until it cannot. */
  function* drip(conn: Connection, bytes: number): Coroutine<void> {
    try {
      for (let i = 0; i < bytes; i++) {
        yield* conn.sendall('x')
        yield* sleep(EVERY_MS)
      }
    } catch {
      // It was ended.
    } finally {
      conn.abort()
    }
  }

  /** Lets a client drip 100 bytes in five seconds; says when the handler ended, and by what. */
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
  ])('a byte each 50 ms does not extend the deadline of its message: %s', async (_name, read) => {
    const { ms, error, drops } = await dripping(read, { messageTimeout: 1000 })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(ms).toBeGreaterThanOrEqual(1000)
    expect(ms).toBeLessThanOrEqual(1250 + EVERY_MS)
    expect(drops.map(([reason]) => reason)).toEqual(['message'])
  })

  it('is not idle for a handler that takes what comes', async () => {
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
    expect(drops).toEqual([])
  })

  it('complete messages has a deadline for each of them, and not for all', async () => {
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
    expect(drops).toEqual([])
  })

  it('does not extend the deadline of its message by what is sent to it', async () => {
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
  it('is not idle as long as something goes to it', async () => {
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

    // The last of the ticks is at 4.5 s.
    expect(end).toBeGreaterThanOrEqual(5500)
    expect(end).toBeLessThanOrEqual(5800)
    expect(drops.map(([reason]) => reason)).toEqual(['idle'])
  })

  it('may be told goodbye by a handler that catches the TimeoutError', async () => {
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

  it('that has missed its deadline has lost no byte of what came', async () => {
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

describe('an error of a handler', () => {
  it('is reported although a TimeoutError is what it is: it is its own', async () => {
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

  it('is not reported when it is the deadline that comes through a read with a limit of its own', async () => {
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
  /** A handler that sends more than the buffers hold, and what becomes of that. */
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
        yield* conn.sendall(Buffer.alloc(16_384, 'f'))
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

  it('has the sendall throw, and is reset', async () => {
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

  it('is another one than a client that reads slowly, which is kept', async () => {
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
    expect(fate).toBe('16384')
    expect(ms).toBeGreaterThan(10_000)
    expect(drops).toEqual([])
  })

  it('may be noticed by the handler, which may go on with something else', async () => {
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

  it('is ended by its stall although the handler waits for its next message meanwhile', async () => {
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

  it('is no failure either when another task of the handler is reading, and has the connection closed under it', async () => {
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

  it('may miss two deadlines at once, of a task that reads and one that writes, and neither is a failure', async () => {
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

describe('the timer of the deadlines', () => {
  it('is not there while no connection is', async () => {
    const sizes = await simulate(function* () {
      const { port, task } = yield* serve(echoer)
      const { timers } = task.scheduler
      const sizes = [timers.size]
      for (let i = 0; i < 3; i++) {
        const conn = yield* connect(LOOPBACK, port)
        yield* exchange(conn, 'hello')
        sizes.push(timers.size)
        conn.close()
        yield* sleep(10)
        sizes.push(timers.size)
      }
      return sizes
    })

    expect(sizes).toEqual([0, 1, 0, 1, 0, 1, 0])
  })

  it('is one for a hundred connections', async () => {
    const size = await simulate(function* () {
      const { port, task } = yield* serve(echoer)
      const conns: Connection[] = []
      for (let i = 0; i < 100; i++) conns.push(yield* connect(LOOPBACK, port))
      yield* sleep(10)
      const { size } = task.scheduler.timers
      for (const conn of conns) conn.abort()
      return size
    })

    expect(size).toBe(1)
  })

  it('is not set anew while nobody waits for a client, so that a deadlock is still found', async () => {
    const error = await rejection(
      simulate(function* program() {
        const { port } = yield* serve(function* handler(conn) {
          yield* conn.recv(1)
          yield* new Latch().wait()
        })
        const conn = yield* connect(LOOPBACK, port)
        yield* conn.sendall('x')
        yield* conn.recv()
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('is not there when all deadlines are turned off', async () => {
    const none = Number.POSITIVE_INFINITY

    const size = await simulate(function* () {
      const options = { firstByteTimeout: none, idleTimeout: none, messageTimeout: none, stallTimeout: none }
      const { port, task } = yield* serve(echoer, options)
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      yield* race([conn.recv(), sleep(HOUR_MS)])
      const { size } = task.scheduler.timers
      conn.close()
      return size
    })

    expect(size).toBe(0)
  })
})
