// Traps of node:net that a driver built on it could fall into: the end of the stream, resets and
// errors.

import { ClosedError, ConnectionResetError, connect, listen } from '@bluelet/net'
import { join, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, turn, until } from '../../support/deadline.js'
import { dial, type Peer, rawServer } from '../../support/peer.js'
import { serve } from '../serving.js'
import { accepted, errorOf, LOOPBACK, MIB, play } from '../world.js'

describe('node:net', () => {
  it('a peer that has ended its side still gets its reply', async () => {
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

  it('a peer that has ended its side gets the reply of a client, too', async () => {
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
    'a reset is not the end of the stream if it comes %s the read',
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

  it('a reset after unread bytes is not the end of the stream', async () => {
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

  it('a sendall whose connection is destroyed meanwhile does not succeed', async () => {
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

  it('writes after the peer has gone fail with one error class, at the first write that the kernel refuses', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      const { conn, peer } = yield* accepted()
      // Both sides are closed in order, so the first write still goes out, and brings a reset back.
      peer.socket.destroy()
      yield until('the peer is closed', () => peer.closed)
      yield* conn.sendall('goes out')
      for (let i = 0; i < 5; i++) yield turn()
      errors.push(yield* errorOf(conn.send('second')), yield* errorOf(conn.send('third')))
      conn.close()
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ConnectionResetError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
  })

  it('a reset that arrives between reads is thrown by the next recv and by the next send', async () => {
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

  it('unread data does not keep a closed connection open', async () => {
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

  it('recv gives fewer bytes than max at once', async () => {
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

  it('a reader is woken by data, by the end and by an error, each exactly once', async () => {
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

  it('data that arrives before the first read, or the accept, is not lost', async () => {
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

  it('an error on a connection that is not in use ends nothing', async () => {
    const survived = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const unaccepted: Peer = yield dial(listener.address.port)
      yield unaccepted.reset()
      const first = yield* listener.accept()
      const { conn, peer } = yield* accepted()
      // It reads, so that it is told of the reset, and no task joins it.
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

  it('bytes that arrived before a reset are given first, and then the error', async () => {
    const log = await play(function* () {
      const log: string[] = []
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(function* () {
        yield* conn.recv()
      })
      yield pause()
      yield* kill(reader)
      // Three pieces, all of which arrive before the reset.
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

  it('after a failure every operation throws ClosedError, with the failure as its cause', async () => {
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
