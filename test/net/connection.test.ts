import { createHash } from 'node:crypto'
import {
  BusyError,
  ClosedError,
  type Connection,
  ConnectionResetError,
  connect,
  listen,
  TimeoutError,
} from '@bluelet/net'
import { type DriverSocket, nodeDriver } from '@bluelet/net/driver'
import {
  all,
  type Coroutine,
  call,
  join,
  kill,
  pause,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { ClockHost } from '../support/clock-host.js'
import { settled, turn, until } from '../support/deadline.js'
import { openSockets } from '../support/leaks.js'
import type { Peer } from '../support/peer.js'
import {
  accepted,
  connected,
  driverLike,
  errorOf,
  LOOPBACK,
  likeObject,
  pattern,
  play,
  randomNumbers,
} from './world.js'

const MIB = 1024 * 1024

/** Joins what is no task. */
function* wrongly(event: unknown): Coroutine {
  return yield* join(event as Task)
}

describe('Connection.recv', () => {
  it('resumes as soon as there are bytes, with no more than asked for', async () => {
    const pieces = await play(function* () {
      const { conn, peer } = yield* accepted()
      const waiting = yield* spawn(function* () {
        return yield* conn.recv(1000)
      })
      yield pause()
      peer.write('abc')
      const first = yield* join(waiting)
      peer.write('defgh')
      const rest = [yield* conn.recv(2), yield* conn.recv(1), yield* conn.recv(100)]
      conn.close()
      peer.socket.destroy()
      return [first, ...rest].map(String)
    })

    expect(pieces).toEqual(['abc', 'de', 'f', 'gh'])
  })

  it('gives an empty buffer at the end of the stream, again and again', async () => {
    const ends = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('x').end()
      const ends = [yield* conn.recv(), yield* conn.recv(), yield* conn.recv()]
      conn.close()
      return ends.map((end) => end.length)
    })

    expect(ends).toEqual([1, 0, 0])
  })

  it('throws a ConnectionResetError when the peer resets, never an empty buffer', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      const waiting = yield* spawn(function* () {
        return yield* errorOf(conn.recv())
      })
      yield pause()
      yield peer.reset()
      const error = yield* join(waiting)
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(error).toMatchObject({ code: 'ECONNRESET', message: expect.stringContaining('ECONNRESET') })
  })

  it('throws a ConnectionResetError for a reset that came while nobody waited', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      const error = yield* errorOf(conn.recv())
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('tells the first reader of a reset, and later ones that the connection is closed, with the cause', async () => {
    const [first, second] = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      const errors = [yield* errorOf(conn.recv()), yield* errorOf(conn.recv())]
      conn.close()
      return errors
    })

    expect(second).toBeInstanceOf(ClosedError)
    expect(second.cause).toBe(first)
  })

  it.each([0, -1, 1.5, Number.NaN, '10', null])('refuses to receive %s bytes', async (max) => {
    await play(function* () {
      const { conn, peer } = yield* accepted()

      expect(() => void conn.recv(max as number)).toThrow(RangeError)
      peer.socket.destroy()
      conn.abort()
    })
  })

  it('loses no byte to 1,000 kills and timeouts at random moments', { timeout: 20_000 }, async () => {
    const sent = pattern(MIB)
    const random = randomNumbers(3)
    const hash = createHash('sha256')
    let cut = 0

    const length = await play(function* () {
      const { conn, peer } = yield* accepted()
      let length = 0
      let ended = false
      const take = (data: Buffer) => {
        hash.update(data)
        length += data.length
        ended ||= data.length === 0
      }
      yield* spawn(function* () {
        for (let at = 0; at < sent.length; ) {
          const n = 1 + random(2 * (sent.length / 1000))
          peer.write(sent.subarray(at, at + n))
          at += n
          for (let i = random(4); i > 0; i--) yield turn()
        }
        while (cut < 1000) yield turn()
        peer.end()
      })
      while (!ended) {
        const max = 1 + random(2000)
        if (random(2) === 0) {
          const reader = yield* spawn(function* () {
            take(yield* conn.recv(max))
          })
          for (let i = random(4); i > 0; i--) yield pause()
          yield* kill(reader)
          cut++
        } else {
          try {
            take(yield* timeout(random(3) / 4, conn.recv(max)))
          } catch (error) {
            if (!(error instanceof TimeoutError)) throw error
            cut++
          }
        }
      }
      conn.close()
      return length
    })

    expect(cut).toBeGreaterThanOrEqual(1000)
    expect(length).toBe(sent.length)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
  })

  it('gives a task its bytes that came before it was killed', async () => {
    const got = await play(function* () {
      const { conn, peer } = yield* accepted()
      let got = ''
      const reader = yield* spawn(function* () {
        got += yield* conn.recv()
        got += ' and went on'
        yield* conn.recv()
        got += ' too far'
      })
      peer.write('bytes')
      yield until('bytes', () => got !== '')
      yield* kill(reader)
      conn.close()
      peer.socket.destroy()
      return got
    })

    expect(got).toBe('bytes and went on')
  })
})

describe('Connection.send and Connection.sendall', () => {
  it('gives the number of bytes, of a string in UTF-8', async () => {
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

  it('sends what a Uint8Array shows of its buffer, and nothing else of it', async () => {
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

  it('goes on only when the kernel has taken all', async () => {
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

  it('throws, and does not report success, when the peer resets while bytes are on their way', async () => {
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

  it('throws, and does not report success, when the peer resets while somebody reads, too', async () => {
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

  it('throws at the first sendall after a reset has arrived', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      const error = yield* errorOf(conn.sendall('nobody will read this'))
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

  it('leaves a connection alone whose sendall was done before the kill', async () => {
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

describe('a Connection that is used twice at a time', () => {
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

  it('refuses a second writer with a BusyError that names the task that writes', async () => {
    const { error, length } = await play(function* () {
      const { conn, peer } = yield* accepted()
      const first = yield* spawn(function* firstWriter() {
        yield* conn.sendall(Buffer.alloc(32 * MIB))
      })
      yield pause()
      const error = yield* errorOf(conn.sendall('mixed up'))
      peer.read()
      yield* join(first)
      conn.close()
      yield peer.finish()
      peer.socket.destroy()
      return { error, length: peer.length }
    })

    expect(error).toBeInstanceOf(BusyError)
    expect(error.message).toMatch(/firstWriter#\d+/)
    expect(length).toBe(32 * MIB)
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

  it('lets the next reader in after the first was killed', async () => {
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

describe('an operation of a Connection', () => {
  it('is called by its name where it does not belong', async () => {
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

describe('Connection.shutdown', () => {
  it('ends our side after what was sent, and still receives', async () => {
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

  it('refuses what is sent after it with a ClosedError that says so', async () => {
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

  it('is refused after close', async () => {
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
  ] as const)('makes %s throw a ClosedError, whatever has come before', async (_name, operation) => {
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

  it('sends what the kernel has taken before it ends the stream', async () => {
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

  it('lets the run end only when the descriptor is free', async () => {
    const before = openSockets()
    let peer: Peer | undefined
    let over = false

    const running = play(function* () {
      const made = yield* accepted()
      peer = made.peer
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

  it('is not needed for closed to be true after a reset by the peer', async () => {
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

  it('resets a peer that never reads when the linger deadline has come, and the run ends then', async () => {
    const host = new ClockHost()
    const opened = openSockets()
    let peer: Peer | undefined
    let over = false

    // Time is the test's own, so that the 5 seconds of the linger pass in one call.
    const running = new Scheduler({ host })
      .run(function* () {
        const made = yield* accepted()
        peer = made.peer
        const { conn, socket } = made
        let taken = 0
        // As much as the kernel takes, and then a bit more, which stays in our process.
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
    host.advance(4999)
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

  it('resets a peer that never stops sending when the linger deadline has come', async () => {
    const host = new ClockHost()
    let peer: Peer | undefined

    const running = new Scheduler({ host }).run(function* () {
      const made = yield* accepted()
      peer = made.peer
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

  it('asks for no alarm any more once the peer has ended', async () => {
    const host = new ClockHost()

    await new Scheduler({ host }).run(function* () {
      const { conn, peer } = yield* accepted()
      conn.close()
      peer.end()
    })

    expect(host.alarms).toBe(0)
  })

  it('happens at the end of a using', async () => {
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

describe('the addresses of a Connection', () => {
  it('are those of the peer, mirrored', async () => {
    await play(function* () {
      const { conn, peer } = yield* accepted()

      expect(conn.remoteAddress?.port).toBe(peer.socket.localPort)
      expect(conn.localAddress?.port).toBe(peer.socket.remotePort)
      expect(`${conn.remoteAddress}`).toBe(`127.0.0.1:${peer.socket.localPort}`)
      peer.socket.destroy()
      conn.abort()
    })
  })

  it('are kept when the peer has gone', async () => {
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

describe('a Connection under back-pressure', () => {
  it('reads nothing before the first recv, and little that nobody asks for after it', async () => {
    const { before, after, received } = await play(function* () {
      const { conn, peer } = yield* connected()
      const block = Buffer.alloc(65_536)
      const offered = 64 * MIB
      let written = 0
      const offer = () => {
        while (written < offered) {
          written += block.length
          if (!peer.socket.write(block)) return
        }
        peer.end()
      }
      peer.socket.on('drain', offer)
      const idle = process.memoryUsage().arrayBuffers
      offer()
      yield settled(() => written)
      const before = process.memoryUsage().arrayBuffers - idle
      let received = (yield* conn.recv(1)).length
      yield settled(() => written)
      const after = process.memoryUsage().arrayBuffers - idle
      const offeredThen = written
      for (let n = -1; n !== 0; received += n) n = (yield* conn.recv()).length
      conn.close()
      expect(offeredThen).toBeLessThan(offered)
      return { before, after, received }
    })

    expect(before).toBeLessThan(256 * 1024)
    expect(after).toBeLessThan(512 * 1024)
    expect(received).toBe(64 * MIB)
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
        connect: (address, port) => inPieces(nodeDriver.connect(address, port)),
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

/** Performs an event in a coroutine of its own. */
function* perform<T>(event: { [Symbol.iterator](): Iterator<any, T, unknown> }): Coroutine<T> {
  return yield* event
}
