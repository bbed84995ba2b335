// A server that is killed between the accept of a connection and the first step of its handler.
import { Address, type Connection, server } from '@bluelet/net'
import { CLOSED, type Driver, type DriverListener, nodeDriver, READABLE } from '@bluelet/net/driver'
import { type Coroutine, kill, Latch, pause, Scheduler, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { ScriptedSocket } from '../socket/read-oracle.js'
import { driverLike } from '../world.js'

/** A socket that records when it was closed. */
class ClosableSocket extends ScriptedSocket {
  closed = false

  override close(): void {
    this.closed = true
    queueMicrotask(() => this.observer?.ready(CLOSED))
  }
}

describe('server', () => {
  it('closes a connection that it has just accepted when it is killed', async () => {
    const socket = new ClosableSocket([])
    const backlog: ClosableSocket[] = []
    const listener: DriverListener = {
      observer: null,
      address: new Address('127.0.0.1', 1),
      dropped: 0,
      accept: () => backlog.shift() ?? null,
      close() {},
    }
    const driver: Driver = driverLike(nodeDriver, {
      listen(_target, done) {
        setImmediate(() => done(null, listener))
        return () => {}
      },
    })

    await new Scheduler().run(function* () {
      const listening = new Latch()
      const onListening = () => listening.open()
      const serving = yield* spawn(server('127.0.0.1', 0, reading, { driver, onListening }))
      yield* listening.wait()
      yield* pause()
      backlog.push(socket)
      listener.observer?.ready(READABLE)
      yield* kill(serving)
    })

    expect(socket.closed).toBe(true)
  })
})

function* reading(conn: Connection): Coroutine<void> {
  yield* conn.recv()
}
