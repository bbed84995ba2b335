// `server`: clients, handlers and their connections.
import { type Connection, connect, ListenError, server } from '@bluelet/net'
import { type Operation, simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, Latch, pause, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, until } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import { dial, type Peer } from '../../support/peer.js'
import { echoer } from '../simulated-pair.js'
import { LOOPBACK, play, rejection } from '../world.js'
import { client, request, serveWithoutGrace } from './peers.js'

describe('server', () => {
  it('serves many clients at once, each with its own bytes', async () => {
    const replies = await play(function* () {
      const { task, port } = yield* serveWithoutGrace(echoer)
      const texts = Array.from({ length: 50 }, (_, i) => `client ${i}`)
      const replies: string[] = yield Promise.all(texts.map((text) => request(port, text)))
      yield* kill(task)
      return replies.map((reply, i) => reply === texts[i])
    })

    expect(replies).toEqual(replies.map(() => true))
    expect(replies).toHaveLength(50)
  })

  it('closes the connection when the handler ends', async () => {
    const text = await play(function* () {
      const { task, port } = yield* serveWithoutGrace(function* (conn) {
        yield* conn.sendall('bye')
      })
      const peer: Peer = yield client(port)
      yield peer.finish()
      yield* kill(task)
      return `${peer.text} ${peer.ended}`
    })

    expect(text).toBe('bye true')
  })

  it('names the task of a handler after its function', async () => {
    const { name } = await play(function* () {
      const { task, port, reports } = yield* serveWithoutGrace(function* brokenHandler() {
        yield pause()
        throw new Error('broken')
      })
      yield client(port)
      yield until('a report', () => reports.length > 0)
      yield* kill(task)
      return reports[0]!.task
    })

    expect(name).toBe('brokenHandler')
  })

  it('rejects the run when it cannot listen', async () => {
    const error = await rejection(
      play(function* () {
        const { port } = yield* serveWithoutGrace(echoer)
        yield* server(LOOPBACK, port, echoer)
      }),
    )

    expect(error).toBeInstanceOf(ListenError)
  })

  it.each([undefined, null, 'echoer', {}])('refuses the handler %s', (handler) => {
    expect(() => server(LOOPBACK, 0, handler as never)).toThrow(TypeError)
  })

  it.each([['idle'], ['onFailure'], ['overload']])('refuses an unknown value of %s at the call', (option) => {
    expect(() => server(LOOPBACK, 0, echoer, { [option]: 'later' })).toThrow(
      new RegExp(`^server: ${option}: expected .* got "later"$`),
    )
  })

  it('refuses an invalid port at the call', () => {
    expect(() => server(LOOPBACK, -1, echoer)).toThrow(RangeError)
  })
})

describe('a peer that disconnects during an exchange', () => {
  it('causes no error by a reset', async () => {
    const { reports, reply, cleaned } = await play(function* () {
      let cleaned = 0
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        try {
          yield* echoer(conn)
        } finally {
          cleaned++
        }
      })
      const peer: Peer = yield client(port, 'x')
      yield peer.until('the echo', () => peer.length > 0)
      yield peer.reset()
      yield until('the clean-up', () => cleaned === 1)
      const reply: string = yield request(port, 'next')
      yield* kill(task)
      return { reports, reply, cleaned }
    })

    expect(reports).toEqual([])
    expect(reply).toBe('next')
    expect(cleaned).toBe(2)
  })

  it('causes no error while a reply is in flight', async () => {
    const reports = await play(function* () {
      let ended = 0
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        try {
          yield* conn.sendall(Buffer.alloc(32 * 1024 * 1024))
        } finally {
          ended++
        }
      })
      const peer: Peer = yield dial(port)
      yield settled(() => openSockets())
      yield peer.reset()
      yield until('the handler has ended', () => ended === 1)
      yield* kill(task)
      return reports
    })

    expect(reports).toEqual([])
  })

  it('causes no error by a reset in a handler that continues to read', async () => {
    const reports = await play(function* () {
      let ended = 0
      const { task, port, reports } = yield* serveWithoutGrace(function* (conn) {
        try {
          yield* conn.recv()
        } catch {
          // Like a handler that logs and tries again.
        }
        try {
          yield* conn.recv()
        } finally {
          ended++
        }
      })
      const peer: Peer = yield dial(port)
      yield peer.reset()
      yield until('the handler has ended', () => ended === 1)
      yield* kill(task)
      return reports
    })

    expect(reports).toEqual([])
  })
})

describe('a handler that is not a generator function', () => {
  it.each([
    ['an ordinary function', () => 42],
    ['an async function', async () => {}],
    [
      'a function that throws',
      () => {
        throw new Error('no generator')
      },
    ],
  ])('(%s) has its connection closed and is reported, and the server goes on', async (_name, broken) => {
    const { reports, peer, reply } = await play(function* () {
      let first = true
      const handler = (conn: Connection) => {
        const is = first ? broken : echoer
        first = false
        return (is as (conn: Connection) => Coroutine)(conn)
      }
      const { task, port, reports } = yield* serveWithoutGrace(handler)
      const peer: Peer = yield client(port)
      yield peer.finish()
      const reply: string = yield request(port, 'next')
      yield* kill(task)
      return { reports, peer, reply }
    })

    expect(peer.ended || peer.errors.length > 0).toBe(true)
    expect(reports).toHaveLength(1)
    expect(reports[0]!.error).toBeInstanceOf(Error)
    expect(reply).toBe('next')
  })

  it('leaves no connection open, even if that ends the server', async () => {
    const before = openSockets()

    await rejection(
      play(function* () {
        const { task, port } = yield* serveWithoutGrace((() => 42) as never)
        const peer: Peer = yield client(port)
        yield until('something has come of it', () => task.outcome !== undefined || peer.ended)
        peer.socket.destroy()
        yield* kill(task)
        throw new Error('over')
      }),
    )

    await until('the descriptors are back', () => openSockets() === before)
  })
})

describe('a server whose accept fails', () => {
  it.each(['EMFILE', 'ECONNABORTED', 'EPERM'])(
    'serves the connections before the failure, and goes on: %s',
    async (code) => {
      const tries: number[] = []
      // The accept after a successful one fails, once.
      const fault = ({ kind, number }: Operation) => {
        if (kind === 'accept') tries.push(number)
        return kind === 'accept' && tries.length === 3 ? code : undefined
      }

      const replies = await simulate(
        function* () {
          const listening = new Latch()
          yield* spawn(server('', 4915, echoer, { onListening: () => listening.open() }))
          yield* listening.wait()
          const replies: string[] = []
          for (const word of ['one', 'two']) {
            const conn = yield* connect('localhost', 4915)
            yield* conn.sendall(word)
            conn.shutdown()
            replies.push(String(yield* conn.readall()))
            conn.close()
          }
          return replies
        },
        { fault },
      )

      expect(replies).toEqual(['one', 'two'])
      expect(tries.length).toBeGreaterThan(3)
    },
  )
})
