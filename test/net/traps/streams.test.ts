// Traps of node:net, by their number: the end of the stream, resets and errors.

import { ClosedError, ConnectionResetError, connect, listen } from '@bluelet/net'
import { join, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, turn, until } from '../../support/deadline.js'
import { dial, type Peer, rawServer } from '../../support/peer.js'
import { serve } from '../serving.js'
import { accepted, errorOf, LOOPBACK, MIB, play } from '../world.js'

describe('node:net', () => {
  it('T1: a peer that has ended its side still gets its reply', async () => {
    const text = await play(function* () {
      const { task, port } = yield* serve(function* (conn) {
        const request = yield* conn.readall()
        yield* sleep(5)
        yield* conn.sendall(`reply to ${request}`)
      })
      const peer: Peer = yield dial(port)
      peer.write('request').end()
      yield peer.finish()
      yield* kill(task)
      return peer.text
    })

    expect(text).toBe('reply to request')
  })

  it('T1: a peer that has ended its side gets the reply of a client of ours, too', async () => {
    const raw = await rawServer()

    const text = await play(function* () {
      const conn = yield* connect(LOOPBACK, raw.port)
      const peer: Peer = yield raw.next()
      peer.write('question').end()
      const question = yield* conn.readall()
      yield* sleep(5)
      yield* conn.sendall(`answer to ${question}`)
      conn.close()
      yield peer.finish()
      return peer.text
    })

    expect(text).toBe('answer to question')
  })

  it.each(['before', 'after'])(
    'T2: a reset is no end of the stream, whether it comes %s we wait',
    async (when) => {
      const error = await play(function* () {
        const { conn, peer } = yield* accepted()
        if (when === 'before') yield peer.reset()
        const reader = yield* spawn(() => errorOf(conn.readall()))
        for (let i = 0; i < 5; i++) yield turn()
        if (when === 'after') yield peer.reset()
        const error = yield* join(reader)
        conn.close()
        return error
      })

      expect(error).toBeInstanceOf(ConnectionResetError)
    },
  )

  it('T2: a reset behind bytes that nobody has read is no end of the stream', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('the first half of a mess')
      for (let i = 0; i < 5; i++) yield turn()
      yield peer.reset()
      const error = yield* errorOf(conn.readall())
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('T3: a sendall whose connection is destroyed meanwhile does not succeed', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      for (const end of ['close', 'abort', 'reset'] as const) {
        const { conn, peer, socket } = yield* accepted()
        const sender = yield* spawn(() => errorOf(conn.sendall(Buffer.alloc(16 * MIB))))
        yield settled(() => socket.unsent)
        if (end === 'reset') yield peer.reset()
        else conn[end]()
        errors.push(yield* join(sender))
        conn.close()
        peer.socket.destroy()
      }
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ClosedError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
    expect(errors[2]).toBeInstanceOf(ConnectionResetError)
  })

  it('T4: writes after the peer has gone fail with one class of error, at the first that the kernel refuses', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      const { conn, peer } = yield* accepted()
      // Closed in an orderly way, both sides: the first write still goes out, and brings a reset back.
      peer.socket.destroy()
      yield until('the peer is closed', () => peer.closed)
      yield* conn.sendall('goes out')
      for (let i = 0; i < 5; i++) yield turn()
      errors.push(yield* errorOf(conn.sendall('second')), yield* errorOf(conn.sendall('third')))
      conn.close()
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ConnectionResetError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
  })

  it('T5: a reset that came while nobody read is told by the next recv and by the next send', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      for (const operation of ['recv', 'send'] as const) {
        const { conn, peer } = yield* accepted()
        yield peer.reset()
        errors.push(yield* errorOf(operation === 'recv' ? conn.recv() : conn.send('x')))
        conn.close()
      }
      return errors
    })

    for (const error of errors) expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('T6: unread data does not keep a closed connection open', async () => {
    const closed = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('never read').end()
      for (let i = 0; i < 5; i++) yield turn()
      conn.close()
      yield* conn.whenClosed()
      return true
    })

    expect(closed).toBe(true)
  })

  it('T7: fewer bytes than were asked for are given at once', async () => {
    const text = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('eleven byte')
      const data = yield* conn.recv(1024)
      conn.close()
      peer.end()
      return String(data)
    })

    expect(text).toBe('eleven byte')
  })

  it('T10: a reader is woken by data, by the end and by an error, each exactly once', async () => {
    const log = await play(function* () {
      const log: string[] = []
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(function* () {
        while (true) {
          try {
            const data = yield* conn.recv()
            log.push(data.length === 0 ? 'end' : String(data))
            if (data.length === 0) return
          } catch (error) {
            log.push((error as Error).name)
            return
          }
        }
      })
      for (const text of ['a', 'b', 'c']) {
        peer.write(text)
        yield until(text, () => log.includes(text))
      }
      peer.end()
      yield* join(reader)
      conn.close()
      return log
    })

    expect(log).toEqual(['a', 'b', 'c', 'end'])
  })

  it('T11: data that came before anybody read, or accepted, is not lost', async () => {
    const texts = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const peer: Peer = yield dial(listener.address.port)
      peer.write('early').end()
      for (let i = 0; i < 10; i++) yield turn()
      const conn = yield* listener.accept()
      for (let i = 0; i < 10; i++) yield turn()
      const texts = [String(yield* conn.recv()), String(yield* conn.recv())]
      conn.close()
      return texts
    })

    expect(texts).toEqual(['early', ''])
  })

  it('T12: an error on a connection that nobody uses ends nothing', async () => {
    const survived = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const unaccepted: Peer = yield dial(listener.address.port)
      yield unaccepted.reset()
      const first = yield* listener.accept()
      const { conn, peer } = yield* accepted()
      // It reads, so that it hears of the reset, and nobody waits for it.
      const reader = yield* spawn(function* () {
        yield* conn.recv()
      })
      yield pause()
      yield* kill(reader)
      yield peer.reset()
      for (let i = 0; i < 10; i++) yield turn()
      first.close()
      conn.close()
      return true
    })

    expect(survived).toBe(true)
  })

  it('T13: bytes that came before a reset are given first, and then the error', async () => {
    const log = await play(function* () {
      const log: string[] = []
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(function* () {
        yield* conn.recv()
      })
      yield pause()
      yield* kill(reader)
      // Three pieces, all of which have come before the reset does.
      for (const text of ['one ', 'two ', 'three']) {
        peer.write(text)
        for (let i = 0; i < 5; i++) yield turn()
      }
      yield peer.reset()
      for (let i = 0; i < 5; i++) yield turn()
      try {
        while (true) log.push(String(yield* conn.recv()))
      } catch (error) {
        log.push((error as Error).name)
      }
      conn.close()
      return log
    })

    expect(log.at(-1)).toBe('ConnectionResetError')
    expect(log.slice(0, -1).join('')).toBe('one two three')
  })

  it('T14: after a failure every operation says ClosedError, with the failure as its cause', async () => {
    const errors = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      const errors = [yield* errorOf(conn.recv())]
      errors.push(yield* errorOf(conn.recv()), yield* errorOf(conn.readline()))
      conn.close()
      errors.push(yield* errorOf(conn.recv()), yield* errorOf(conn.sendall('x')))
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ConnectionResetError)
    for (const error of errors.slice(1)) expect(error).toBeInstanceOf(ClosedError)
    expect(errors[1].cause).toBe(errors[0])
    expect(errors[2].cause).toBe(errors[0])
  })
})
