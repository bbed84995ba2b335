// Promise 5 of the network: a connection ends by `shutdown`, `close` and its linger, or `abort`.
import { ClosedError, type Connection } from '@bluelet/net'
import { all, join, kill, pause, Scheduler, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { ClockHost } from '../../support/clock-host.js'
import { settled, turn, until } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import type { Peer } from '../../support/peer.js'
import { accepted, errorOf, MIB, pattern, perform, play } from '../world.js'

describe('Connection.shutdown', () => {
  it('ends our side after the sent bytes, and still receives', async () => {
    const { text, answer } = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield* conn.sendall('question')
      conn.shutdown()
      conn.shutdown()
      yield peer.finish()
      peer.write('answer').end()
      const answer = yield* conn.readall()
      conn.close()
      return { text: peer.text, answer: String(answer) }
    })

    expect(text).toBe('question')
    expect(answer).toBe('answer')
  })

  it('makes a later send throw a ClosedError that says so', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      conn.shutdown()
      const error = yield* errorOf(conn.sendall('late'))
      peer.end()
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ClosedError)
    expect(error.message).toContain('shutdown')
  })

  it('throws after close', async () => {
    await play(function* () {
      const { conn, peer } = yield* accepted()
      conn.close()

      expect(() => conn.shutdown()).toThrow(ClosedError)
      peer.end()
    })
  })

  it('lets the connection be reset at once', async () => {
    const closed = await play(function* () {
      const { conn, peer } = yield* accepted()
      conn.shutdown()
      conn.abort()
      yield* timeout(1000, conn.whenClosed())
      peer.socket.destroy()
      return true
    })

    expect(closed).toBe(true)
  })
})

describe('Connection.close', () => {
  it('wakes the reader and the writer with a ClosedError', async () => {
    const errors = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const reader = yield* spawn(function* () {
        return yield* errorOf(conn.recv())
      })
      const writer = yield* spawn(function* () {
        return yield* errorOf(conn.sendall(Buffer.alloc(32 * MIB)))
      })
      yield settled(() => socket.unsent)
      conn.close()
      const errors = yield* all([join(reader), join(writer)])
      peer.socket.destroy()
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ClosedError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
  })

  it('is idempotent, in every order with abort and using', async () => {
    const closed = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.socket.on('end', () => peer.end())
      peer.read()
      conn.close()
      conn.close()
      conn[Symbol.dispose]()
      conn.abort()
      yield* conn.whenClosed()
      conn.close()
      conn.abort()
      return yield* conn.whenClosed()
    })

    expect(closed).toBeUndefined()
  })

  it.each([
    ['recv', (conn: Connection) => conn.recv()],
    ['readline', (conn: Connection) => conn.readline()],
    ['readexactly', (conn: Connection) => conn.readexactly(1)],
    ['readall', (conn: Connection) => conn.readall()],
    ['peek', (conn: Connection) => conn.peek()],
    ['send', (conn: Connection) => conn.send('x')],
    ['sendall', (conn: Connection) => conn.sendall('x')],
    ['sendall of nothing', (conn: Connection) => conn.sendall('')],
  ] as const)('makes %s throw a ClosedError, whatever has arrived', async (_name, operation) => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('ab')
      yield* conn.recv(1)
      conn.close()
      const error = yield* errorOf(operation(conn))
      peer.end()
      return error
    })

    expect(error).toBeInstanceOf(ClosedError)
  })

  it('sends the bytes that the kernel has taken before it ends the stream', async () => {
    const sent = pattern(2 * MIB)

    const same = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.read()
      yield* conn.sendall(sent)
      conn.close()
      yield peer.finish()
      peer.end()
      return peer.bytes.equals(sent)
    })

    expect(same).toBe(true)
  })

  it('holds no run for a peer that does not end its side, if no input is unread', async () => {
    const peers: Peer[] = []

    await play(function* () {
      const { conn, peer } = yield* accepted()
      peers.push(peer)
      yield* conn.sendall('x')
      conn.close()
    })
    const before = { ended: peers[0]!.ended, text: peers[0]!.text }
    await peers[0]!.finish()
    const after = { ended: peers[0]!.ended, text: peers[0]!.text }
    peers[0]!.end()

    expect(before).toEqual({ ended: false, text: '' })
    expect(after).toEqual({ ended: true, text: 'x' })
  })

  it.each([-1, Number.NaN, '5'])('refuses linger: %s', async (linger) => {
    await play(function* () {
      const { conn } = yield* accepted()

      expect(() => conn.close({ linger: linger as number })).toThrow(/^close: linger: expected ms >= 0/)
      conn.abort()
    })
  })

  it('lets the run end only when the descriptor is free', async () => {
    const before = openSockets()
    let peer: Peer | undefined
    let over = false

    const running = play(function* () {
      const made = yield* accepted()
      peer = made.peer
      peer.write('unread')
      yield* made.conn.peek()
      made.conn.close()
    }).then(() => {
      over = true
    })
    await until('a peer', () => peer?.socket.readyState === 'open')
    await peer!.finish()
    await settled(() => openSockets())
    const overBefore = over
    peer!.end()
    await running
    await until('the peer is closed', () => peer!.closed)

    expect(overBefore).toBe(false)
    expect(openSockets()).toBe(before)
  })

  it('makes closed true at once, before the descriptor is free', async () => {
    const seen = await play(function* () {
      const { conn, peer } = yield* accepted()
      const before = conn.closed
      conn.close()
      const after = conn.closed
      peer.end()
      return [before, after]
    })

    expect(seen).toEqual([false, true])
  })

  it('is not needed for closed to become true after a reset by the peer', async () => {
    const closed = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.socket.resetAndDestroy()
      yield* errorOf(conn.recv())
      yield* conn.whenClosed()
      return conn.closed
    })

    expect(closed).toBe(true)
  })

  it('wakes the tasks in whenClosed when the descriptor is free', async () => {
    const { before, after } = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('unread')
      yield* conn.peek()
      let woken = 0
      for (let i = 0; i < 2; i++) {
        yield* spawn(function* () {
          yield* conn.whenClosed()
          woken++
        })
      }
      conn.close()
      yield peer.finish()
      const before = woken
      peer.end()
      yield* conn.whenClosed()
      yield pause()
      return { before, after: woken }
    })

    expect(before).toBe(0)
    expect(after).toBe(2)
  })

  it('withdraws a killed wait in whenClosed', async () => {
    await play(function* () {
      const { conn, peer } = yield* accepted()
      const waiting = yield* spawn(() => perform(conn.whenClosed()))
      yield pause()
      yield* kill(waiting)
      conn.close()
      peer.end()
    })
  })

  it('is what Symbol.asyncDispose does, whose promise resolves when the descriptor is free', async () => {
    const order: string[] = []

    await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('unread')
      yield* conn.peek()
      const disposed = conn[Symbol.asyncDispose]().then(() => order.push('disposed'))
      order.push(`closed: ${conn.closed}`)
      yield peer.finish()
      order.push('the peer ends')
      peer.end()
      yield disposed
      yield conn[Symbol.asyncDispose]()
    })

    expect(order).toEqual(['closed: true', 'the peer ends', 'disposed'])
  })

  it('resets a peer that takes nothing of what is left for 30 seconds, and then the run ends', async () => {
    const host = new ClockHost()
    const opened = openSockets()
    let peer: Peer | undefined
    let over = false

    // The test controls time, so that the 30 seconds pass in one call.
    const running = new Scheduler({ host })
      .run(function* () {
        const made = yield* accepted()
        peer = made.peer
        const { conn, socket } = made
        let taken = 0
        // As much as the kernel takes, and a little more, which stays in our process.
        while (socket.unsent === 0) {
          taken += socket.write(Buffer.alloc(MIB))
          yield turn()
        }
        conn.close()
        return taken
      })
      .finally(() => {
        over = true
      })
    await until('it lingers', () => host.alarms > 0)
    host.advance(29_999)
    await settled(() => openSockets(), 50)
    const early = over
    host.advance(1)
    await running
    const ours = openSockets() - opened
    await peer!.finish()

    expect(early).toBe(false)
    expect(ours).toBe(1)
    expect(peer!.errors).toEqual(['ECONNRESET'])
  })

  it('resets a peer that never stops sending at the linger deadline', async () => {
    const host = new ClockHost()
    let peer: Peer | undefined

    const running = new Scheduler({ host }).run(function* () {
      const made = yield* accepted()
      peer = made.peer
      peer.write('unread')
      yield* made.conn.peek()
      made.conn.close()
    })
    await until('it lingers', () => host.alarms > 0)
    const block = Buffer.alloc(65_536)
    const drip = setInterval(() => {
      if (!peer!.closed && peer!.socket.writable && peer!.socket.writableLength < MIB) peer!.write(block)
    }, 1)
    await until('some of it was sent', () => peer!.socket.bytesWritten > MIB)
    host.advance(5000)
    await running
    await peer!.finish()
    clearInterval(drip)

    expect(peer!.errors).toHaveLength(1)
    expect(peer!.errors[0]).toMatch(/ECONNRESET|EPIPE/)
  })

  it('needs no timer once the peer has ended', async () => {
    const host = new ClockHost()

    await new Scheduler({ host }).run(function* () {
      const { conn, peer } = yield* accepted()
      conn.close()
      peer.end()
    })

    expect(host.alarms).toBe(0)
  })

  it('happens at the end of a using block', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      {
        using scoped = conn
        yield* scoped.sendall('x')
      }
      const error = yield* errorOf(conn.recv())
      peer.end()
      return error
    })

    expect(error).toBeInstanceOf(ClosedError)
  })
})

describe('Connection.abort', () => {
  it('resets the peer', async () => {
    const errors = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.read()
      conn.abort()
      yield peer.finish()
      return peer.errors
    })

    expect(errors).toEqual(['ECONNRESET'])
  })
})
