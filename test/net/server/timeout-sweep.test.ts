// The single timer that enforces the timeouts of all connections.

import { type Connection, connect } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { DeadlockError, Latch, race, sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { serve } from '../serving.js'
import { echoer, exchange } from '../simulated-pair.js'
import { HOUR_MS, LOOPBACK, rejection } from '../world.js'

describe('the timer of the timeouts', () => {
  it('does not exist while there is no connection', async () => {
    const sizes = await simulate(function* () {
      const { port, task } = yield* serve(echoer)
      const { timers } = internals(task)
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

  it('is shared by a hundred connections', async () => {
    const size = await simulate(function* () {
      const { port, task } = yield* serve(echoer)
      const conns: Connection[] = []
      for (let i = 0; i < 100; i++) conns.push(yield* connect(LOOPBACK, port))
      yield* sleep(10)
      const { size } = internals(task).timers
      for (const conn of conns) conn.abort()
      return size
    })

    expect(size).toBe(1)
  })

  it('is not set again while no handler waits for its client, so that a deadlock is still found', async () => {
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

  it('does not exist when all timeouts are switched off', async () => {
    const none = Number.POSITIVE_INFINITY

    const size = await simulate(function* () {
      const options = { firstByteTimeout: none, idleTimeout: none, messageTimeout: none, stallTimeout: none }
      const { port, task } = yield* serve(echoer, options)
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      yield* race([conn.recv(), sleep(HOUR_MS)])
      const { size } = internals(task).timers
      conn.close()
      return size
    })

    expect(size).toBe(0)
  })
})
