// Traps of node:net that a driver built on it could fall into: memory and copies; the delays that a
// busy connection causes, for promise 4 of the network.

import { type Connection, listen } from '@bluelet/net'
import { join, kill, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, turn } from '../../support/deadline.js'
import { dial, type Peer } from '../../support/peer.js'
import { serve } from '../serving.js'
import { accepted, errorOf, LOOPBACK, MIB, play } from '../world.js'

/** The bytes of chunks that this process holds. */
function held(): number {
  globalThis.gc?.()
  return process.memoryUsage().arrayBuffers
}

describe('node:net', () => {
  it('a size that a user passes does not become memory', async () => {
    const { grown, length } = await play(function* () {
      const { conn, peer } = yield* accepted()
      const before = held()
      const block = Buffer.alloc(65_536)
      let written = 0
      const offer = () => {
        while (written < 32 * MIB) {
          written += block.length
          if (!peer.socket.write(block)) return
        }
      }
      peer.socket.on('drain', offer)
      peer.write('x')
      const data = yield* conn.recv(2 ** 40)
      offer()
      yield settled(() => written)
      const grown = held() - before
      conn.abort()
      peer.socket.destroy()
      return { grown, length: data.length }
    })

    expect(length).toBe(1)
    expect(grown).toBeLessThan(512 * 1024)
  })

  it('a connection that is not read holds nothing', async () => {
    const grown = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const before = held()
      const block = Buffer.alloc(MIB)
      const peers: Peer[] = yield Promise.all(Array.from({ length: 20 }, () => dial(listener.address.port)))
      const conns: Connection[] = []
      for (const peer of peers) {
        peer.write(block)
        conns.push(yield* listener.accept())
      }
      yield settled(() => peers.reduce((sum, { socket }) => sum + socket.writableLength, 0))
      const grown = held() - before - block.length
      for (const conn of conns) conn.abort()
      for (const peer of peers) peer.socket.destroy()
      return grown
    })

    expect(grown).toBeLessThan(20 * 4096)
  })

  it('a change of a buffer after a killed sendall does not change the sent bytes', async () => {
    const { bytes, errors, ended } = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const data = Buffer.alloc(16 * MIB, 'a')
      const sender = yield* spawn(function* () {
        yield* conn.sendall(data)
      })
      yield settled(() => socket.unsent)
      yield* kill(sender)
      data.fill('b')
      yield peer.finish()
      return { bytes: peer.bytes, errors: peer.errors, ended: peer.ended }
    })

    expect(bytes.includes('b')).toBe(false)
    expect(errors).toEqual(['ECONNRESET'])
    expect(ended).toBe(false)
  })

  it('a peer that does not read has a bounded buffer, and other clients are served', async () => {
    const { sent, grown, reply } = await play(function* () {
      const block = Buffer.alloc(MIB)
      let sent = 0
      const { task, port } = yield* serve(function* (conn) {
        if (String(yield* conn.readline()) === 'all\n') {
          for (; sent < 64 * MIB; sent += block.length) yield* conn.sendall(block)
        } else yield* conn.sendall('served')
      })
      const before = held()
      const slow: Peer = yield dial(port)
      slow.write('all\n')
      yield settled(() => sent)
      const grown = held() - before
      const other: Peer = yield dial(port)
      other.write('one\n').end()
      yield other.finish()
      slow.socket.destroy()
      yield* kill(task)
      return { sent, grown, reply: other.text }
    })

    expect(reply).toBe('served')
    expect(sent).toBeLessThan(32 * MIB)
    expect(grown).toBeLessThan(MIB)
  })

  it('a task whose writes never wait does not starve timers and other connections', async () => {
    const { writes, served } = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.socket.on('data', () => {})
      peer.read()
      const { task, port } = yield* serve(function* (conn) {
        yield* conn.sendall(yield* conn.recv())
      })
      let writes = 0
      const writer = yield* spawn(function* () {
        while (true) {
          yield* conn.sendall('x')
          writes++
        }
      })
      for (let i = 0; i < 5; i++) yield* sleep(1)
      const other: Peer = yield dial(port)
      other.write('ping').end()
      yield other.finish()
      const served = other.text
      yield* kill(writer)
      yield* kill(task)
      conn.abort()
      return { writes, served }
    })

    expect(served).toBe('ping')
    expect(writes).toBeGreaterThan(100)
  })

  it('short lines do not keep their chunks alive', async () => {
    const kept = await play(function* () {
      const { conn, peer } = yield* accepted()
      const lines: Buffer[] = []
      const reader = yield* spawn(function* () {
        for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline()) {
          // Keeps ten bytes of each 64 KiB.
          if (line.length === 10) lines.push(line)
        }
      })
      const filler = `${'x'.repeat(65_535 - 10)}\n`
      for (let i = 0; i < 200; i++) {
        peer.write(`kept ${String(i).padStart(4, '0')}\n${filler}`)
        yield turn()
      }
      peer.end()
      yield* join(reader)
      conn.close()
      const buffers = new Set(lines.map(({ buffer }) => buffer))
      let kept = 0
      for (const { byteLength } of buffers) kept += byteLength
      expect(lines).toHaveLength(200)
      return kept
    })

    // One line keeps at most the block that it shares with its neighbours.
    expect(kept).toBeLessThanOrEqual(200 * 8192)
  })

  it('reading a line takes processor time in proportion to its length', async () => {
    const time = async (length: number): Promise<number> => {
      let ms = 0
      await play(function* () {
        const { conn, peer } = yield* accepted()
        const reader = yield* spawn(() =>
          errorOf(conn.readuntil('\r\n', { limit: Number.POSITIVE_INFINITY })),
        )
        peer.socket.end(Buffer.alloc(length, 'x'))
        const before = process.cpuUsage()
        yield* join(reader)
        const { user, system } = process.cpuUsage(before)
        ms = (user + system) / 1000
        conn.close()
      })
      return ms
    }
    await time(MIB)

    const [small, large] = [await time(2 * MIB), await time(16 * MIB)]

    // Eight times the length takes eight times as long, not sixty-four times. The rest is for a
    // busy machine.
    expect(large).toBeLessThan(30 * Math.max(small, 10))
  })
})
