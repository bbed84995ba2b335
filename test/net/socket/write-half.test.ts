// Promise 2 of the network: `send` and `sendall`.
import { ClosedError, Connection, ConnectionResetError, connect, TimeoutError } from '@bluelet/net'
import { type DriverSocket, nodeDriver, WRITABLE } from '@bluelet/net/driver'
import { simulate } from '@bluelet/net/testing'
import { join, kill, pause, Scheduler, sleep, spawn, timeout } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { ClockHost } from '../../support/clock-host.js'
import { settled } from '../../support/deadline.js'
import { serve, visit } from '../serving.js'
import {
  accepted,
  connected,
  driverLike,
  errorOf,
  LOOPBACK,
  likeObject,
  MIB,
  pattern,
  perform,
  play,
  silentSocket,
} from '../world.js'

describe('Connection.send and Connection.sendall', () => {
  it('gives the number of bytes, for a string in UTF-8', async () => {
    const [n, text] = await play(function* () {
      const { conn, peer } = yield* accepted()
      const n = yield* conn.send('smörgås')
      conn.close()
      yield peer.finish()
      peer.socket.destroy()
      return [n, peer.text]
    })

    expect(n).toBe(9)
    expect(text).toBe('smörgås')
  })

  it('sends the bytes of a Uint8Array, and nothing else of its buffer', async () => {
    const text = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield* conn.sendall(new Uint8Array(Buffer.from('-view-').buffer.slice(0)).subarray(0, 0))
      const bytes = new TextEncoder().encode('a view of this')
      yield* conn.sendall(bytes.subarray(2, 6))
      conn.close()
      yield peer.finish()
      peer.socket.destroy()
      return peer.text
    })

    expect(text).toBe('view')
  })

  it.each([undefined, null, 1, {}, [1]])('refuses to send %s', async (data) => {
    await play(function* () {
      const { conn, peer } = yield* accepted()

      expect(() => void conn.sendall(data as unknown as string)).toThrow(TypeError)
      expect(() => void conn.send(data as unknown as string)).toThrow(TypeError)
      peer.socket.destroy()
      conn.abort()
    })
  })

  it('costs no turn if the kernel takes the bytes at once', async () => {
    const order = await simulate(function* () {
      const { port } = yield* serve(function* (conn) {
        yield* conn.readall()
      })
      const conn = yield* connect(LOOPBACK, port)
      const order: unknown[] = []
      yield* spawn(function* () {
        order.push('bystander')
      })
      yield* conn.sendall('one')
      order.push('sent', yield* conn.send('two'), yield* timeout(1000, conn.send('three')))
      yield* pause()
      conn.abort()
      return order
    })

    expect(order).toEqual(['sent', 3, 5, 'bystander'])
  })

  it('sends the rest once if the kernel takes only a part at once', async () => {
    const text = await simulate(
      function* () {
        let text = ''
        const { port } = yield* serve(function* (conn) {
          text = String(yield* conn.readall({ limit: MIB }))
        })
        const conn = yield* connect(LOOPBACK, port)
        yield* conn.sendall('x'.repeat(1000))
        yield* timeout(1000, conn.sendall('y'.repeat(1000)))
        conn.close()
        yield* conn.whenClosed()
        yield* sleep(100)
        return text
      },
      { buffer: 300 },
    )

    expect(text).toBe('x'.repeat(1000) + 'y'.repeat(1000))
  })

  it('resumes only when the kernel has taken all bytes', async () => {
    const { before, after, received } = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const sent = pattern(32 * MIB)
      let done = false
      const sender = yield* spawn(function* () {
        yield* conn.sendall(sent)
        done = true
      })
      yield settled(() => socket.unsent)
      const before = done
      peer.read()
      yield* join(sender)
      const after = socket.unsent
      conn.close()
      yield peer.finish()
      peer.socket.destroy()
      return { before, after, received: peer.bytes.equals(sent) }
    })

    expect(before).toBe(false)
    expect(after).toBe(0)
    expect(received).toBe(true)
  })

  it('throws, and does not report success, when the peer resets while bytes are in flight', async () => {
    const error = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const sender = yield* spawn(function* () {
        return yield* errorOf(conn.sendall(Buffer.alloc(32 * MIB)))
      })
      yield settled(() => socket.unsent)
      yield peer.reset()
      const error = yield* join(sender)
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('throws, and does not report success, when the peer resets while another task reads', async () => {
    const [sent, received] = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const sender = yield* spawn(function* () {
        return yield* errorOf(conn.sendall(Buffer.alloc(32 * MIB)))
      })
      const reader = yield* spawn(function* () {
        return yield* errorOf(conn.recv())
      })
      yield settled(() => socket.unsent)
      yield peer.reset()
      const errors = [yield* join(sender), yield* join(reader)]
      conn.close()
      return errors
    })

    expect(sent).toBeInstanceOf(ConnectionResetError)
    expect(received).toBeInstanceOf(ConnectionResetError)
  })

  it('throws at the first hand-over after a reset has arrived', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      yield* conn.sendall('this stays unread')
      const error = yield* errorOf(conn.flush())
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('closes the connection when it is killed', async () => {
    const { error, closed, errors, text } = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const sender = yield* spawn(() => perform(conn.sendall(Buffer.alloc(32 * MIB, 'a'))))
      const reader = yield* spawn(function* () {
        return yield* errorOf(conn.recv())
      })
      yield settled(() => socket.unsent)
      yield* kill(sender)
      const error = yield* join(reader)
      yield* conn.whenClosed()
      yield peer.finish()
      return { error, closed: yield* errorOf(conn.send('more')), errors: peer.errors, text: peer.ended }
    })

    expect(error).toBeInstanceOf(ClosedError)
    expect(closed).toBeInstanceOf(ClosedError)
    expect(errors).toEqual(['ECONNRESET'])
    expect(text).toBe(false)
  })

  it('closes the connection when it is timed out', async () => {
    const host = new ClockHost()
    const { error, errors } = await play(
      function* () {
        const { conn, peer, socket } = yield* accepted()
        const sender = yield* spawn(function* () {
          return yield* errorOf(timeout(100, conn.sendall(Buffer.alloc(32 * MIB))))
        })
        yield settled(() => socket.unsent)
        host.advance(100)
        const error = yield* join(sender)
        yield* conn.whenClosed()
        yield peer.finish()
        return { error, errors: peer.errors }
      },
      { host },
    )

    expect(error).toBeInstanceOf(TimeoutError)
    expect(errors).toEqual(['ECONNRESET'])
  })

  it('leaves a connection open when its sendall was done before the kill', async () => {
    const text = await play(function* () {
      const { conn, peer } = yield* accepted()
      const sender = yield* spawn(function* () {
        yield* conn.sendall('first ')
        yield* sleep(1e6)
      })
      yield pause()
      yield pause()
      yield* kill(sender)
      yield* conn.sendall('second')
      conn.close()
      yield peer.finish()
      peer.socket.destroy()
      return peer.text
    })

    expect(text).toBe('first second')
  })
})

describe('a Connection over a driver that takes bytes in pieces', () => {
  /** A socket that takes at most 3 bytes at a time. */
  function inPieces(socket: DriverSocket): DriverSocket {
    return likeObject(socket, { write: (bytes) => socket.write(bytes.subarray(0, 3)) })
  }

  it('sends them all, in order', async () => {
    const text = await play(function* () {
      const driver = driverLike(nodeDriver, {
        connect: (target) => inPieces(nodeDriver.connect(target)),
      })
      const { conn, peer } = yield* connected({ driver })
      yield* conn.sendall('in pieces of three')
      conn.close()
      yield peer.finish()
      peer.end()
      return peer.text
    })

    expect(text).toBe('in pieces of three')
  })
})

describe('Connection.flush over a driver that holds bytes', () => {
  it('waits until the driver holds none', async () => {
    const held = { unsent: 5 }
    const scheduler = new Scheduler()
    const conn = new Connection(
      Object.assign(
        silentSocket(() => {}),
        held,
      ),
      runtimeOf(scheduler),
    )
    const socket = conn.socket as DriverSocket & { unsent: number }

    const states = await scheduler.run(function* () {
      const flush = yield* spawn(perform, conn.flush())
      const states: unknown[] = [conn.unsent]
      for (const unsent of [2, 0]) {
        yield pause()
        socket.unsent = unsent
        socket.observer!.ready(WRITABLE)
        states.push(flush.outcome?.kind, conn.unsent)
        yield pause()
      }
      return [...states, flush.outcome?.kind]
    })

    expect(states).toEqual([5, undefined, 2, undefined, 0, 'returned'])
  })

  it('throws the error with which the driver has discarded them, once', async () => {
    const failure = new ConnectionResetError('it failed', 'EPIPE')
    const scheduler = new Scheduler()
    const socket = likeObject(
      silentSocket(() => {}),
      {
        get unsent(): number {
          throw failure
        },
      },
    )
    const conn = new Connection(socket, runtimeOf(scheduler))

    const [first, second] = await scheduler.run(function* () {
      return [yield* errorOf(conn.flush()), yield* errorOf(conn.flush())]
    })

    expect(first).toBe(failure)
    expect(second).toBeInstanceOf(ClosedError)
    expect(second.cause).toBe(failure)
    expect(conn.unsent).toBe(0)
  })

  it('is a stall if the client takes nothing of them', async () => {
    const { fate, drops, errors } = await simulate(function* (world) {
      const { network } = world
      const holding = driverLike(network, {
        listen: (target, done) =>
          network.listen(target, (error, listener) =>
            done(
              error,
              listener &&
                likeObject(listener, {
                  accept() {
                    const socket = listener.accept()
                    return socket && likeObject(socket, { unsent: 3 })
                  },
                }),
            ),
          ),
      })
      const { port, drops, errors, task } = yield* serve((conn) => perform(conn.flush()), {
        driver: holding,
        stallTimeout: 1000,
      })
      const fate = yield* visit(port)
      yield* kill(task)
      return { fate, drops: drops.map(([reason]) => reason), errors }
    })

    expect(fate).toBe('|ConnectionResetError')
    expect(drops).toEqual(['stall'])
    expect(errors).toEqual([])
  })
})
