// Promise 8 of the network: each timeout of a server, in virtual time.

import { type Connection, connect, type ServerOptions, TimeoutError, type TimeoutKind } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, Latch, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { fateOf, serve } from '../serving.js'
import { errorOf, HOUR_MS, LOOPBACK } from '../world.js'

/** Small buffers, which are soon full. */
const SMALL = { buffer: 1024 }

/** The wait in which a handler meets the timeout, and what its client sends before that. */
interface Case {
  readonly deadline: TimeoutKind
  readonly sends: string
  /** The message of the error. */
  readonly said: string
  readonly wait: (conn: Connection) => Coroutine
}

const CASES: readonly Case[] = [
  {
    deadline: 'firstByte',
    sends: '',
    said: 'recv(65536): nothing arrived',
    *wait(conn) {
      yield* conn.recv()
    },
  },
  {
    deadline: 'idle',
    sends: 'x',
    said: 'recv(65536): nothing arrived',
    *wait(conn) {
      yield* conn.recv()
    },
  },
  {
    deadline: 'message',
    sends: 'xy',
    said: 'readline(): the rest did not arrive',
    *wait(conn) {
      yield* conn.readline()
    },
  },
  {
    deadline: 'stall',
    sends: 'x',
    said: 'sendall(100000 bytes): the client accepted nothing',
    *wait(conn) {
      yield* conn.sendall(Buffer.alloc(100_000))
    },
  },
]

/** Reads what the client sends before the wait of a case. */
function* begin(conn: Connection, { sends }: Case): Coroutine<void> {
  if (sends !== '') yield* conn.readexactly(1)
}

/** A client that sends the text, and then nothing for `ms`. */
function* linger(port: number, sends: string, ms: number): Coroutine<void> {
  const conn = yield* connect(LOOPBACK, port)
  if (sends !== '') yield* conn.sendall(sends)
  yield* sleep(ms)
  conn.abort()
}

function only(deadline: TimeoutKind, ms: number): ServerOptions {
  return { [`${deadline}Timeout`]: ms }
}

describe.each(CASES)('the $deadline timeout', (scenario) => {
  const { deadline, sends, wait, said } = scenario

  it.each([100, 1000, 30_000])('of %s ms is never early, and late by at most a quarter', async (ms) => {
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
      // Each begins at another time between two sweeps.
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

  it('is late by at most a quarter of the shortest timeout', async () => {
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

  it('is not reported if the handler does not catch it, but counted and passed to onDrop with the address', async () => {
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

  it('can be switched off with Infinity', async () => {
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
    expect(drops.map(([reason]) => reason)).toEqual(['reset'])
  })

  it('does not run while the handler works, sleeps or waits for something other than its client', async () => {
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

  it('begins again with the next wait of a handler that caught it', async () => {
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

    // After a stall the connection is reset, and there is nothing more to wait for.
    const again = deadline === 'stall' ? [0, 0] : [1000, 1000]
    expect(times.map((ms) => Math.floor(ms / 250) * 250)).toEqual([1000, ...again])
  })

  it('is not reported either if a task that the handler spawned waits', async () => {
    const { counts, errors } = await simulate(function* () {
      const { port, counts, errors } = yield* serve(
        function* (conn) {
          yield* begin(conn, scenario)
          yield* spawn(wait(conn))
          yield* sleep(HOUR_MS)
        },
        { ...only(deadline, 1000), idle: 'reader' },
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
      const { timers } = internals(task)
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
