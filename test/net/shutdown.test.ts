// How a server ends: who is still served, who is ended, and when.
import { type Connection, connect, type ServerOptions, server } from '@bluelet/net'
import { type Driver, nodeDriver } from '@bluelet/net/driver'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, join, kill, Latch, pause, race, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { until } from '../support/deadline.js'
import { dial, type Peer } from '../support/peer.js'
import { fateOf, type Served, serve, visit } from './serving.js'
import { echoer, exchange } from './simulated-pair.js'
import { driverLike, errorOf, LOOPBACK, likeObject, pattern, play, thrownBy } from './world.js'

const HOUR_MS = 3_600_000

/** A client's next message is waited for so long while the server ends, and so much longer at the most. */
const IDLE_MS = 250
const LATE_MS = 63

/** A server that an AbortController ends. */
function* ending(
  handler: (conn: Connection) => Coroutine<unknown>,
  options: ServerOptions = {},
): Coroutine<Served & { controller: AbortController }> {
  const controller = new AbortController()
  const served = yield* serve(handler, { signal: controller.signal, ...options })
  return { ...served, controller }
}

/** Waits for a task; gives how long that took. */
function* timeTo(world: Simulation, task: Task): Coroutine<number> {
  const begin = world.now()
  yield* join(task)
  return world.now() - begin
}

/** A driver whose interrupts the test makes. */
class Interrupts {
  readonly driver: Driver
  readonly heard = new Set<() => void>()
  asked = 0

  constructor(driver: Driver) {
    this.driver = likeObject(driver, {
      onInterrupt: (callback) => {
        this.asked++
        this.heard.add(callback)
        return () => this.heard.delete(callback)
      },
    })
  }

  come(): void {
    for (const callback of [...this.heard]) callback()
  }
}

describe('a server with a signal', () => {
  it.each(['already', 'before its first step'])(
    'that is aborted %s never listens, and returns',
    async (when) => {
      const log: string[] = []

      await simulate(function* (world) {
        const driver = likeObject<Driver>(world.network, {
          listen: (target, done) => {
            log.push('listen')
            return world.network.listen(target, done)
          },
        })
        const controller = new AbortController()
        if (when === 'already') controller.abort()
        const onListening = () => void log.push('listening')
        const serving = server('', 0, echoer, { signal: controller.signal, driver, onListening })
        controller.abort()
        yield* serving
      })

      expect(log).toEqual([])
    },
  )

  it('that is aborted while it is about to listen returns, and leaves nothing open', async () => {
    const { descriptors, again } = await simulate(function* (world) {
      const controller = new AbortController()
      const task = yield* spawn(server('localhost', 4915, echoer, { signal: controller.signal }))
      yield* sleep(0.5)
      controller.abort()
      yield* join(task)
      const { descriptors } = world.network
      const again = yield* spawn(server('localhost', 4915, echoer))
      yield* sleep(5)
      return { descriptors, again: again.outcome }
    })

    expect(descriptors).toBe(0)
    expect(again).toBeUndefined()
  })

  it('that is aborted while the name of its host is looked up does not wait for that', async () => {
    const ms = await simulate(
      function* (world) {
        const controller = new AbortController()
        const task = yield* spawn(server('slow', 0, echoer, { signal: controller.signal }))
        yield* sleep(10)
        controller.abort()
        yield* race([join(task), sleep(HOUR_MS)])
        return world.now()
      },
      { names: { slow: 'hang' } },
    )

    expect(ms).toBe(10)
  })

  it('returns when it is aborted, and a new client is refused', async () => {
    const { outcome, error, descriptors } = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(echoer)
      controller.abort(new Error('nobody sees this'))
      yield* join(task)
      const error = yield* errorOf(connect(LOOPBACK, port))
      return { outcome: task.outcome, error, descriptors: world.network.descriptors }
    })

    expect(outcome).toEqual({ kind: 'returned', value: undefined })
    expect(error.code).toBe('ECONNREFUSED')
    expect(descriptors).toBe(0)
  })

  it.each(['abort', 'kill'])('listens to it no more after its end, by %s', async (how) => {
    const controller = new AbortController()
    const { signal } = controller
    const listeners = new Set<unknown>()
    const watched = {
      get aborted() {
        return signal.aborted
      },
      get reason() {
        return signal.reason
      },
      addEventListener(type: 'abort', listener: () => void) {
        listeners.add(listener)
        signal.addEventListener(type, listener)
      },
      removeEventListener(type: 'abort', listener: () => void) {
        listeners.delete(listener)
        signal.removeEventListener(type, listener)
      },
    }

    const during = await simulate(function* () {
      const { task } = yield* serve(echoer, { signal: watched })
      const during = listeners.size
      if (how === 'abort') controller.abort()
      else yield* kill(task)
      while (task.outcome === undefined) yield* sleep(10)
      return during
    })

    expect(during).toBe(1)
    expect(listeners.size).toBe(0)
  })

  it('ends while it waits for a seat, and while accepting fails', async () => {
    let fails = false

    const { seat, failing } = await simulate(
      function* (world) {
        const busy = yield* ending(
          function* () {
            yield* sleep(1000)
          },
          { maxConnections: 1 },
        )
        const conn = yield* connect(LOOPBACK, busy.port)
        const waiting = yield* connect(LOOPBACK, busy.port)
        yield* sleep(10)
        busy.controller.abort()
        const seat = yield* timeTo(world, busy.task)
        const fate = yield* fateOf(waiting)
        conn.abort()

        const failing = yield* ending(echoer)
        // From here on every accept fails.
        fails = true
        const unserved = yield* connect(LOOPBACK, failing.port)
        yield* sleep(210)
        failing.controller.abort()
        const ms = yield* timeTo(world, failing.task)
        fails = false
        return { seat: { ms: seat, fate }, failing: { ms, fate: yield* fateOf(unserved) } }
      },
      { fault: ({ kind }) => (fails && kind === 'accept' ? 'EMFILE' : undefined) },
    )

    expect(seat.ms).toBeLessThan(1000)
    expect(seat.ms).toBeGreaterThan(900)
    expect(seat.fate).toBe('|ConnectionResetError')
    expect(failing.ms).toBeLessThan(20)
    expect(failing.fate).toBe('|ConnectionResetError')
  })
})

describe('a server that hears of interrupts', () => {
  it('returns, and hears of them no more', async () => {
    const { outcome, during, after, asked } = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { task } = yield* serve(echoer, { driver: interrupts.driver })
      const during = interrupts.heard.size
      interrupts.come()
      yield* join(task)
      return { outcome: task.outcome, during, after: interrupts.heard.size, asked: interrupts.asked }
    })

    expect(outcome).toEqual({ kind: 'returned', value: undefined })
    expect([during, after, asked]).toEqual([1, 0, 1])
  })

  it('lets its handlers finish', async () => {
    const fate = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { port, task } = yield* serve(
        function* (conn) {
          yield* sleep(1000)
          yield* conn.sendall('done')
        },
        { driver: interrupts.driver },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      interrupts.come()
      const fate = yield* fateOf(conn)
      yield* join(task)
      return fate
    })

    expect(fate).toBe('done|end')
  })

  it('hears of them until the last of its handlers has ended: a second one is for the driver', async () => {
    const { during, after } = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { port, task } = yield* serve(
        function* () {
          yield* sleep(1000)
        },
        { driver: interrupts.driver },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      interrupts.come()
      yield* sleep(500)
      const during = interrupts.heard.size
      conn.close()
      yield* join(task)
      return { during, after: interrupts.heard.size }
    })

    expect([during, after]).toEqual([1, 0])
  })

  it('hears of them no more after a kill that has not waited for its clean-up', async () => {
    const left = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { task, port } = yield* serve(
        function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            yield* sleep(HOUR_MS)
          }
        },
        { driver: interrupts.driver },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      yield* kill(task, { grace: 100 })
      conn.abort()
      return interrupts.heard.size
    })

    expect(left).toBe(0)
  })

  it('calls the driver by its name: it may be an object with fields of its own', async () => {
    const heard = await simulate(function* (world) {
      const { network } = world
      const driver = {
        name: 'with a field',
        listeners: new Set<() => void>(),
        lookup: network.lookup.bind(network),
        connect: network.connect.bind(network),
        listen: network.listen.bind(network),
        onInterrupt(callback: () => void) {
          this.listeners.add(callback)
          return () => this.listeners.delete(callback)
        },
      }
      const { task } = yield* serve(echoer, { driver })
      const heard = driver.listeners.size
      yield* kill(task)
      return heard
    })

    expect(heard).toBe(1)
  })

  it.each([null, {}, 'SIGTERM', () => {}])('refuses %s in place of an AbortSignal, at the call', (signal) => {
    expect(() => server('', 0, echoer, { signal: signal as unknown as AbortSignal })).toThrow(
      /^server: signal: expected an AbortSignal, got /,
    )
  })

  it('hears none with signals: false', async () => {
    const asked = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { task } = yield* serve(echoer, { driver: interrupts.driver, signals: false })
      yield* kill(task)
      return interrupts.asked
    })

    expect(asked).toBe(0)
  })

  it.each(['kill', 'signal', 'onListening that throws'])(
    'hears of them no more after an end by %s',
    async (how) => {
      const left = await simulate(function* (world) {
        const interrupts = new Interrupts(world.network)
        const { driver } = interrupts
        if (how === 'onListening that throws') {
          const onListening = () => {
            throw new Error('not now')
          }
          yield* thrownBy(server(LOOPBACK, 0, echoer, { driver, onListening }))
        } else {
          const { task, controller } = yield* ending(echoer, { driver })
          if (how === 'signal') controller.abort()
          else yield* kill(task)
          while (task.outcome === undefined) yield* sleep(10)
        }
        return interrupts.heard.size
      })

      expect(left).toBe(0)
    },
  )
})

describe('a server whose onListening throws', () => {
  it('throws that, and listens no more', async () => {
    const { error, refused, descriptors } = await simulate(function* (world) {
      let port = 0
      const error = yield* thrownBy(
        server(LOOPBACK, 0, echoer, {
          onListening: ({ address }) => {
            port = address.port
            throw new Error('not now')
          },
        }),
      )
      const refused = yield* errorOf(connect(LOOPBACK, port))
      return { error, refused, descriptors: world.network.descriptors }
    })

    expect(String(error)).toBe('Error: not now')
    expect(refused.code).toBe('ECONNREFUSED')
    expect(descriptors).toBe(0)
  })
})

describe('a server that is asked to end, its handlers', () => {
  it('finish what is under way within the grace period, and their replies arrive whole', async () => {
    const reply = pattern(200_000)

    const { replies, ms, descriptors } = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(function* (conn) {
        yield* conn.readline()
        yield* sleep(3000)
        yield* conn.sendall(reply)
      })
      const replies: boolean[] = []
      for (let i = 0; i < 20; i++) {
        yield* spawn(function* client() {
          const conn = yield* connect(LOOPBACK, port)
          yield* conn.sendall('request\n')
          replies.push((yield* conn.readall({ limit: 1e6 })).equals(reply))
          conn.close()
        })
      }
      yield* sleep(1000)
      controller.abort()
      const ms = yield* timeTo(world, task)
      yield* sleep(100)
      return { replies, ms, descriptors: world.network.descriptors }
    })

    expect(replies).toEqual(Array.from({ length: 20 }, () => true))
    expect(ms).toBeLessThan(2200)
    expect(descriptors).toBe(0)
  })

  it('finish while nobody new is let in', async () => {
    const { error, fate } = await simulate(function* () {
      const { controller, port } = yield* ending(function* (conn) {
        yield* sleep(2000)
        yield* conn.sendall('done')
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      controller.abort()
      yield* sleep(200)
      const error = yield* errorOf(connect(LOOPBACK, port))
      return { error, fate: yield* fateOf(conn) }
    })

    expect(error.code).toBe('ECONNREFUSED')
    expect(fate).toBe('done|end')
  })

  it.each([
    ['nothing has come to it yet', ''],
    ['it has had its first message', 'x'],
  ])('wait for a next message no longer than a quarter of a second: %s', async (_name, first) => {
    const { ms, cleaned, fate, missed, failed } = await simulate(function* (world) {
      let cleaned = false
      const { controller, task, port, counts, errors } = yield* ending(function* (conn) {
        try {
          yield* echoer(conn)
        } finally {
          cleaned = true
        }
      })
      const conn = yield* connect(LOOPBACK, port)
      if (first !== '') yield* exchange(conn, first)
      controller.abort()
      const end = yield* spawn(fateOf(conn))
      const ms = yield* timeTo(world, task)
      const { firstByte, idle } = counts.missed
      return { ms, cleaned, fate: yield* join(end), missed: firstByte + idle, failed: errors.length }
    })

    expect(fate).toBe('|end')
    expect(ms).toBeGreaterThanOrEqual(IDLE_MS)
    // Ten milliseconds for the last to be accepted.
    expect(ms).toBeLessThanOrEqual(IDLE_MS + LATE_MS + 15)
    expect(cleaned).toBe(true)
    expect(missed).toBe(0)
    expect(failed).toBe(0)
  })

  it('that wait for a next message may still send in their clean-up, and the client sees the end', async () => {
    const fate = await simulate(function* () {
      const { controller, port } = yield* ending(function* (conn) {
        try {
          yield* conn.readline()
        } finally {
          yield* conn.sendall('shutting down')
        }
      })
      const conn = yield* connect(LOOPBACK, port)
      controller.abort()
      return yield* fateOf(conn)
    })

    expect(fate).toBe('shutting down|end')
  })

  it('go on with a message of which a part has come', async () => {
    const { fate, ms } = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(function* (conn) {
        yield* conn.sendall(yield* conn.readline())
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('first half, ')
      yield* sleep(10)
      controller.abort()
      yield* sleep(2000)
      yield* conn.sendall('second half\n')
      const fate = yield* fateOf(conn)
      return { fate, ms: yield* timeTo(world, task) }
    })

    expect(fate).toBe('first half, second half\n|end')
    expect(ms).toBeLessThan(10)
  })

  it('go on as long as messages come, until the grace period is over', async () => {
    const { ms, replies } = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(echoer, { grace: 3000 })
      let replies = 0
      yield* spawn(function* client() {
        const conn = yield* connect(LOOPBACK, port)
        try {
          for (; (yield* exchange(conn, 'again')) === 'again'; replies++) yield* sleep(100)
        } catch {
          // It was ended.
        } finally {
          conn.close()
        }
      })
      yield* sleep(100)
      controller.abort()
      return { ms: yield* timeTo(world, task), replies }
    })

    expect(ms).toBeGreaterThanOrEqual(3000)
    expect(ms).toBeLessThan(3150)
    expect(replies).toBeGreaterThan(20)
  })

  it.each([
    [undefined, 10_000],
    [1000, 1000],
    [0, 0],
  ])(
    'are cancelled after a grace period of %s ms, and clean up, and may still send',
    async (grace, expected) => {
      const { fate, cancelled, ms } = await simulate(function* (world) {
        let cancelled = 0
        const { controller, task, port } = yield* ending(
          function* (conn) {
            try {
              yield* sleep(HOUR_MS)
            } finally {
              cancelled = world.now() - begin
              yield* sleep(50)
              yield* conn.sendall('goodbye')
            }
          },
          grace === undefined ? {} : { grace },
        )
        const conn = yield* connect(LOOPBACK, port)
        yield* sleep(10)
        const begin = world.now()
        controller.abort()
        const ms = yield* timeTo(world, task)
        return { fate: yield* fateOf(conn), cancelled, ms }
      })

      expect(fate).toBe('goodbye|end')
      expect(cancelled).toBeGreaterThanOrEqual(expected)
      // The last are accepted before the grace period begins.
      expect(cancelled).toBeLessThanOrEqual(expected + 15)
      expect(ms - cancelled).toBeGreaterThanOrEqual(50)
      expect(ms - cancelled).toBeLessThan(60)
    },
  )

  it('may take as long as they like with a grace period of Infinity', async () => {
    const fate = await simulate(function* () {
      const { controller, port } = yield* ending(
        function* (conn) {
          yield* sleep(HOUR_MS)
          yield* conn.sendall('done')
        },
        { grace: Number.POSITIVE_INFINITY },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      controller.abort()
      return yield* fateOf(conn)
    })

    expect(fate).toBe('done|end')
  })

  it('are not waited for by the server only, but with all that they have spawned', async () => {
    const log: string[] = []

    await simulate(function* () {
      const { controller, task, port } = yield* ending(function* () {
        yield* spawn(function* () {
          yield* sleep(1000)
          log.push('spawned')
        })
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      controller.abort()
      yield* join(task)
      log.push('over')
      conn.abort()
    })

    expect(log).toEqual(['spawned', 'over'])
  })

  it('are still ended for a deadline that they miss', async () => {
    const { missed, ms } = await simulate(function* (world) {
      const { controller, task, port, counts } = yield* ending(echoLines, { messageTimeout: 1000 })
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('half')
      yield* sleep(10)
      controller.abort()
      const ms = yield* timeTo(world, task)
      conn.abort()
      return { missed: counts.missed.message, ms }
    })

    function* echoLines(conn: Connection): Coroutine<void> {
      yield* conn.sendall(yield* conn.readline())
    }

    expect(missed).toBe(1)
    expect(ms).toBeLessThanOrEqual(1250)
  })

  it('wait no longer than a quarter of a second even if no deadline was set', async () => {
    const none = Number.POSITIVE_INFINITY

    const ms = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(echoer, {
        firstByteTimeout: none,
        idleTimeout: none,
        messageTimeout: none,
        stallTimeout: none,
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      yield* sleep(HOUR_MS)
      controller.abort()
      yield* spawn(fateOf(conn))
      return yield* timeTo(world, task)
    })

    expect(ms).toBeLessThanOrEqual(IDLE_MS + LATE_MS + 15)
  })
})

describe('a server that is asked to end, those who have connected', () => {
  it('T19: are served, although nobody had accepted them', async () => {
    const { fates } = await simulate(function* () {
      const { controller, port } = yield* ending(echoOnce)
      const fates: string[] = []
      for (let i = 0; i < 20; i++) {
        yield* spawn(function* () {
          fates.push(yield* visit(port, `client ${i}`))
        })
      }
      // They connect at the very time at which it is asked.
      yield* sleep(1)
      controller.abort()
      yield* sleep(1000)
      return { fates }
    })

    expect(fates.sort()).toEqual(Array.from({ length: 20 }, (_, i) => `client ${i}|end`).sort())
  })

  it('T19: are served over real sockets, too', async () => {
    const texts = await play(function* () {
      const { controller, task, port } = yield* ending(echoOnce)
      const peers: Peer[] = yield Promise.all(Array.from({ length: 20 }, () => dial(port)))
      controller.abort()
      for (const [i, peer] of peers.entries()) peer.write(`client ${i}`).end()
      for (const peer of peers) yield peer.finish()
      yield* join(task)
      return peers.map(({ text, ended }) => `${text} ${ended}`)
    })

    expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => `client ${i} true`))
  })

  it('do not hold up its end by coming one after the other', async () => {
    const { refusedAfter, served } = await simulate(function* (world) {
      const { controller, task, port, counts } = yield* ending(echoOnce)
      controller.abort()
      const begin = world.now()
      let refusedAfter = 0
      while (refusedAfter === 0 && world.now() < begin + 5000) {
        try {
          const conn = yield* connect(LOOPBACK, port)
          conn.abort()
          yield* sleep(3)
        } catch {
          refusedAfter = world.now() - begin
        }
      }
      yield* join(task)
      return { refusedAfter, served: counts.served }
    })

    expect(refusedAfter).toBeGreaterThan(50)
    expect(refusedAfter).toBeLessThan(150)
    expect(served).toBeGreaterThan(10)
  })

  it('are dropped above the limit, as before', async () => {
    const fates = await simulate(function* () {
      const { controller, port } = yield* ending(echoOnce, { maxConnections: 3, overload: 'close' })
      const fates: string[] = []
      for (let i = 0; i < 5; i++) {
        yield* spawn(function* () {
          const conn = yield* connect(LOOPBACK, port)
          yield* sleep(20)
          // Whoever was dropped may not be able to send any more.
          if (conn.socket.read(1) === null) yield* conn.sendall('x')
          fates.push(yield* fateOf(conn))
        })
      }
      yield* sleep(1)
      controller.abort()
      yield* sleep(1000)
      return fates
    })

    expect(fates.sort()).toEqual(['x|end', 'x|end', 'x|end', '|end', '|end'])
  })

  function* echoOnce(conn: Connection): Coroutine<void> {
    yield* conn.sendall(yield* conn.recv())
  }
})

describe('a server that is killed', () => {
  /** Begins to kill a server whose handler sleeps; says when that was cancelled, and when the kill was over. */
  function killing(
    grace: number | undefined,
    cleanUpMs: number,
    options: ServerOptions = {},
  ): Promise<{ cancelled: number; ms: number; log: string[] }> {
    return simulate(function* (world) {
      const log: string[] = []
      let cancelled = 0
      const { task, port } = yield* serve(function* () {
        try {
          yield* sleep(HOUR_MS)
        } finally {
          cancelled = world.now() - begin
          yield* sleep(cleanUpMs)
          log.push('cleaned up')
        }
      }, options)
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      const begin = world.now()
      yield* kill(task, grace === undefined ? {} : { grace })
      const ms = world.now() - begin
      log.push('killed')
      conn.abort()
      return { cancelled, ms, log }
    })
  }

  it.each([
    [1000, 500],
    [undefined, 2500],
    [60_000, 10_000],
  ])('by a killer with a grace of %s ms lets its handlers go on for %s ms', async (grace, expected) => {
    const { cancelled, ms, log } = await killing(grace, 100)

    expect(cancelled).toBe(expected)
    expect(ms).toBe(expected + 100)
    expect(log).toEqual(['cleaned up', 'killed'])
  })

  it('lets them go on no longer than its own grace period', async () => {
    const { cancelled } = await killing(60_000, 100, { grace: 50 })

    expect(cancelled).toBe(50)
  })

  it('has handlers that finish in that time', async () => {
    const { fate, ms } = await simulate(function* (world) {
      const { task, port } = yield* serve(function* (conn) {
        yield* sleep(400)
        yield* conn.sendall('done')
      })
      const conn = yield* connect(LOOPBACK, port)
      const begin = world.now()
      const fate = yield* spawn(fateOf(conn))
      yield* kill(task, { grace: 1000 })
      return { ms: world.now() - begin, fate: yield* join(fate) }
    })

    expect(fate).toBe('done|end')
    expect(ms).toBeLessThan(420)
  })

  it('is over within the killer’s grace, although a clean-up hangs', async () => {
    const { cancelled, ms, log } = await killing(1000, HOUR_MS)

    expect(cancelled).toBe(500)
    expect(ms).toBeLessThanOrEqual(1000)
    expect(log).toEqual(['killed'])
  })

  it('while it ends gracefully has its handlers no more time than the killer gives', async () => {
    const { cancelled, ms } = await simulate(function* (world) {
      let cancelled = 0
      const { controller, task, port } = yield* ending(function* () {
        try {
          yield* sleep(HOUR_MS)
        } finally {
          cancelled = world.now()
        }
      })
      const conn = yield* connect(LOOPBACK, port)
      controller.abort()
      yield* sleep(1000)
      const begin = world.now()
      yield* kill(task, { grace: 100 })
      const ms = world.now() - begin
      conn.abort()
      return { cancelled: cancelled - begin, ms }
    })

    expect(cancelled).toBe(50)
    expect(ms).toBe(50)
  })

  it('a second time meanwhile ends as after the first kill, and both killers go on', async () => {
    const { log, ms } = await simulate(function* (world) {
      const log: string[] = []
      const { task, port } = yield* serve(function* () {
        try {
          yield* sleep(HOUR_MS)
        } finally {
          log.push('cleaned up')
        }
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      const begin = world.now()
      const killers: Task[] = []
      for (const grace of [1000, 10]) {
        killers.push(
          yield* spawn(function* killer() {
            yield* kill(task, { grace })
            log.push('killed')
          }),
        )
        yield* pause()
      }
      for (const killer of killers) yield* join(killer)
      const ms = world.now() - begin
      conn.abort()
      return { log, ms }
    })

    expect(log).toEqual(['cleaned up', 'killed', 'killed'])
    expect(ms).toBe(500)
  })

  it('waits for those that wait for a next message no longer than a quarter of a second', async () => {
    const ms = await simulate(function* (world) {
      const { task, port } = yield* serve(echoer)
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      const begin = world.now()
      yield* spawn(fateOf(conn))
      yield* kill(task, { grace: 60_000 })
      return world.now() - begin
    })

    expect(ms).toBeGreaterThanOrEqual(IDLE_MS)
    expect(ms).toBeLessThanOrEqual(IDLE_MS + LATE_MS)
  })

  it('by the end of its run, as every task, ends at once', async () => {
    const controller = new AbortController()
    const ended: number[] = []

    const running = simulate(
      function* (world) {
        const { port } = yield* serve(function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            ended.push(world.now())
          }
        })
        const conn = yield* connect(LOOPBACK, port)
        yield* sleep(10)
        ended.push(world.now())
        controller.abort(new Error('stop'))
        try {
          yield* sleep(HOUR_MS)
        } finally {
          conn.abort()
        }
      },
      { signal: controller.signal },
    )

    await expect(running).rejects.toThrow('stop')
    expect(ended[1]).toBe(ended[0])
  })
})

describe('a server over real sockets that is interrupted', () => {
  it('ends as its driver says, and the process listens to signals as before', async () => {
    const interrupts = new Interrupts(driverLike(nodeDriver, {}))
    const before = process.listenerCount('SIGTERM')

    const { text, during } = await play(function* () {
      const gate = new Latch()
      let received = false
      const { task, port } = yield* serve(
        function* (conn) {
          yield* conn.recv()
          received = true
          yield* gate.wait()
          yield* conn.sendall('whole')
        },
        { driver: interrupts.driver },
      )
      const peer: Peer = yield dial(port)
      peer.write('x')
      yield until('its first message has come', () => received)
      const during = process.listenerCount('SIGTERM')
      interrupts.come()
      gate.open()
      yield peer.finish()
      peer.socket.destroy()
      yield* race([join(task), sleep(3000)])
      return { text: peer.text, during }
    })

    expect(text).toBe('whole')
    expect(during).toBe(before)
  })

  it('hears it from the process, unless it is told not to', async () => {
    const before = process.listenerCount('SIGTERM')

    const counts = await play(function* () {
      const first = yield* serve(echoer)
      const second = yield* serve(echoer)
      const deaf = yield* serve(echoer, { signals: false })
      const counts = [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]
      yield* kill(first.task)
      yield* kill(deaf.task)
      counts.push(process.listenerCount('SIGTERM'))
      process.emit('SIGTERM', 'SIGTERM')
      yield* join(second.task)
      counts.push(process.listenerCount('SIGTERM'))
      return counts
    })

    expect(counts.map((count) => count - before)).toEqual([1, 1, 1, 0])
  })
})
