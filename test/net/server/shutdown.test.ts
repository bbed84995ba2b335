// Promise 8 of the network, graceful shutdown: handlers finish within the grace period, and
// connections in the backlog are still served.
import { type Connection, connect } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, join, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { dial, type Peer } from '../../support/peer.js'
import { fateOf, visit } from '../serving.js'
import { echoer, exchange } from '../simulated-pair.js'
import { errorOf, HOUR_MS, LOOPBACK, pattern, play } from '../world.js'
import { ending, IDLE_MS, LATE_MS, timeTo } from './shutdowns.js'

describe('the handlers of a server that shuts down', () => {
  it('finish their work within the grace period, and their replies arrive complete', async () => {
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

  it('finish while no new client is admitted', async () => {
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
  ])('wait at most a quarter of a second for a next message: %s', async (_name, first) => {
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
    // Ten milliseconds to accept the last connection.
    expect(ms).toBeLessThanOrEqual(IDLE_MS + LATE_MS + 15)
    expect(cleaned).toBe(true)
    expect(missed).toBe(0)
    expect(failed).toBe(0)
  })

  it('may still send in their clean-up if they waited for a message, and the client sees the end', async () => {
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

  it('continue with a message that has arrived in part', async () => {
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

  it('continue while messages arrive, until the grace period is over', async () => {
    const { ms, replies } = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(echoer, { grace: 3000 })
      let replies = 0
      yield* spawn(function* client() {
        const conn = yield* connect(LOOPBACK, port)
        try {
          for (; (yield* exchange(conn, 'again')) === 'again'; replies++) yield* sleep(100)
        } catch {
          // The handler was cancelled.
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
  ])('are cancelled after a grace period of %s ms, clean up, and may still send', async (grace, expected) => {
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
    // The last connections are accepted before the grace period begins.
    expect(cancelled).toBeLessThanOrEqual(expected + 15)
    expect(ms - cancelled).toBeGreaterThanOrEqual(50)
    expect(ms - cancelled).toBeLessThan(60)
  })

  it('have unlimited time with a grace period of Infinity', async () => {
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

  it('are awaited together with all tasks that they spawned', async () => {
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

  it('are still subject to their timeouts', async () => {
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

  it('wait at most a quarter of a second even without a timeout', async () => {
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

describe('the connections in the backlog of a server that shuts down', () => {
  it('are served', async () => {
    const { fates } = await simulate(function* () {
      const { controller, port } = yield* ending(echoOnce)
      const fates: string[] = []
      for (let i = 0; i < 20; i++) {
        yield* spawn(function* () {
          fates.push(yield* visit(port, `client ${i}`))
        })
      }
      // They connect at the same time as the shutdown begins.
      yield* sleep(1)
      controller.abort()
      yield* sleep(1000)
      return { fates }
    })

    expect(fates.sort()).toEqual(Array.from({ length: 20 }, (_, i) => `client ${i}|end`).sort())
  })

  it('are served over real sockets, too', async () => {
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

  it('do not delay its end by arriving one after the other', async () => {
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

  it('are dropped above the limit, as usual', async () => {
    const fates = await simulate(function* () {
      const { controller, port } = yield* ending(echoOnce, { maxConnections: 3, overload: 'close' })
      const fates: string[] = []
      for (let i = 0; i < 5; i++) {
        yield* spawn(function* () {
          const conn = yield* connect(LOOPBACK, port)
          yield* sleep(20)
          // A dropped client may be unable to send.
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
