// A connection as a whole: one reader and one writer at a time, its addresses.
import { BusyError, connect, listen } from '@bluelet/net'
import { all, type Coroutine, call, join, kill, pause, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { accepted, errorOf, LOOPBACK, MIB, pattern, perform, play } from '../world.js'

/** Joins something that is not a task. */
function* wrongly(event: unknown): Coroutine {
  return yield* join(event as Task)
}

describe('a Connection with two tasks', () => {
  it('refuses a second reader with a BusyError that names the task that reads', async () => {
    const { error, got } = await play(function* () {
      const { conn, peer } = yield* accepted()
      const first = yield* spawn(function* firstReader() {
        return yield* conn.recv(7)
      })
      yield pause()
      const error = yield* errorOf(conn.readline())
      peer.write('for one')
      const got = yield* join(first)
      conn.close()
      peer.socket.destroy()
      return { error, got: String(got) }
    })

    expect(error).toBeInstanceOf(BusyError)
    expect(error.message).toMatch(/firstReader#\d+/)
    expect(error.message).toContain('readline')
    expect(got).toBe('for one')
  })

  it('lets one task read while another writes', async () => {
    const sent = pattern(4 * MIB)

    const same = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.socket.pipe(peer.socket)
      const writer = yield* spawn(function* () {
        yield* conn.sendall(sent)
        conn.shutdown()
      })
      const received = yield* conn.readall({ limit: Number.POSITIVE_INFINITY })
      yield* join(writer)
      conn.close()
      return received.equals(sent)
    })

    expect(same).toBe(true)
  })

  it('admits the next reader after the first was killed', async () => {
    const got = await play(function* () {
      const { conn, peer } = yield* accepted()
      const first = yield* spawn(() => perform(conn.recv()))
      yield pause()
      yield* kill(first)
      peer.write('next')
      const got = yield* conn.recv()
      conn.close()
      peer.socket.destroy()
      return String(got)
    })

    expect(got).toBe('next')
  })
})

describe('an event of a Connection', () => {
  it('is named in the error when it is used as something else', async () => {
    const [receiving, sending] = await play(function* () {
      const { conn } = yield* accepted()
      const receiving = yield* errorOf(wrongly(conn.recv(1)))
      const sending = yield* errorOf(wrongly(conn.send('x')))
      conn.abort()
      return [receiving, sending]
    })

    expect([receiving.message, sending.message]).toEqual([
      expect.stringContaining('an event (recv)'),
      expect.stringContaining('an event (send)'),
    ])
  })
})

describe('the addresses of a Connection', () => {
  it('are those of the peer, swapped', async () => {
    await play(function* () {
      const { conn, peer } = yield* accepted()

      expect(conn.remoteAddress?.port).toBe(peer.socket.localPort)
      expect(conn.localAddress?.port).toBe(peer.socket.remotePort)
      expect(`${conn.remoteAddress}`).toBe(`127.0.0.1:${peer.socket.localPort}`)
      peer.socket.destroy()
      conn.abort()
    })
  })

  it('remain when the peer has gone', async () => {
    await play(function* () {
      const { conn, peer } = yield* accepted()
      const before = `${conn.remoteAddress}`
      yield peer.reset()
      yield* errorOf(conn.recv())
      conn.close()
      yield* conn.whenClosed()

      expect(`${conn.remoteAddress}`).toBe(before)
    })
  })
})

describe('two Connections of ours', () => {
  it('exchange 8 MiB both ways at once', async () => {
    const sent = pattern(8 * MIB)

    const received = await play(function* () {
      const listener = yield* listen(LOOPBACK, 0)
      const [one, other] = yield* all([connect(LOOPBACK, listener.address.port), listener.accept()])
      listener.close()
      const exchanges = [one, other].map((conn) =>
        all([
          call(function* () {
            yield* conn.sendall(sent)
            conn.shutdown()
          }),
          conn.readall({ limit: Number.POSITIVE_INFINITY }),
        ]),
      )
      const results = (yield* all(exchanges)) as [undefined, Buffer][]
      one.close()
      other.close()
      return results.map(([, bytes]) => bytes.equals(sent))
    })

    expect(received).toEqual([true, true])
  })
})
