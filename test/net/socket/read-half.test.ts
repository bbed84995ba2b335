// Promise 1 of the network: `recv`, and a connection under back-pressure.
import { createHash } from 'node:crypto'
import { ClosedError, Connection, ConnectionResetError, connect, TimeoutError } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { join, kill, pause, Scheduler, spawn, timeout } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { settled, turn, until } from '../../support/deadline.js'
import { randomNumbers } from '../../support/random.js'
import { serve } from '../serving.js'
import { accepted, connected, errorOf, LOOPBACK, MIB, pattern, perform, play } from '../world.js'
import { ScriptedSocket } from './read-oracle.js'

describe('Connection.recv', () => {
  it('resumes as soon as there are bytes, with at most max of them', async () => {
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

  it('gives what has come without a turn, whether or not there is a time limit', async () => {
    const order = await simulate(function* () {
      const { port } = yield* serve(function* (conn) {
        yield* conn.sendall('a\nb\ncdef')
        yield* conn.readall()
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.peek(8, { exactly: true })
      const order: string[] = []
      yield* spawn(function* () {
        order.push('bystander')
      })
      order.push(String(yield* conn.readline()))
      order.push(String(yield* conn.readline('\n', { timeout: 1000 })))
      order.push(String(yield* conn.recv(2)), String(yield* conn.readexactly(2)))
      yield* pause()
      conn.abort()
      return order
    })

    expect(order).toEqual(['a\n', 'b\n', 'cd', 'ef', 'bystander'])
  })

  it('gives an empty buffer at the end of the stream, every time', async () => {
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

  it('throws a ConnectionResetError for a reset that arrived before the read', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      const error = yield* errorOf(conn.recv())
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('throws a reset at the first read, and then ClosedError with the reset as its cause', async () => {
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

  it('loses no byte to 300 kills and timeouts at random moments', async () => {
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
          const n = 1 + random(2 * (sent.length / 300))
          peer.write(sent.subarray(at, at + n))
          at += n
          for (let i = random(4); i > 0; i--) yield turn()
        }
        while (cut < 300) yield turn()
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

    expect(cut).toBeGreaterThanOrEqual(300)
    expect(length).toBe(sent.length)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
  })

  it('gives a task the bytes that arrived before its kill', async () => {
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

describe('a small recv', () => {
  it.each([
    [64, 1],
    [4096, 8],
  ])('of %i bytes receives ahead, in one try, what it hands out later', async (max, chunks) => {
    const sent = Buffer.alloc(max * 2 * chunks, 'abcdefghijk')
    const socket = new ScriptedSocket([sent])
    const reads: number[] = []
    const read = socket.read.bind(socket)
    socket.read = (max) => {
      reads.push(max)
      return read(max)
    }
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))

    const pieces = await scheduler.run(function* () {
      const pieces: Buffer[] = []
      for (let i = 0; i < 2 * chunks; i++) pieces.push(yield* conn.recv(max))
      return pieces
    })

    expect(pieces.every(({ length }) => length === max)).toBe(true)
    expect(Buffer.concat(pieces)).toEqual(sent)
    expect(reads).toEqual(Array.from({ length: chunks }, () => 8192))
  })

  it('above 4 KiB receives no more than it gives', async () => {
    const socket = new ScriptedSocket([Buffer.alloc(20_000)])
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))

    const piece = await scheduler.run(perform(conn.recv(4097)))

    expect(piece).toHaveLength(4097)
    expect(conn.buffered).toBe(0)
  })
})

describe('a Connection under back-pressure', () => {
  it('reads nothing before the first recv, and only little ahead after it', async () => {
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
