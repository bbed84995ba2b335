// The faults of Bluelet for Python that concern sockets. Each was seen in the original.
import {
  BusyError,
  ClosedError,
  type Connection,
  ConnectionResetError,
  connect,
  type Listener,
  listen,
  server,
} from '@bluelet/net'
import { type DriverListener, nodeDriver, READABLE } from '@bluelet/net/driver'
import { join, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clogged, cloggedListener } from '../support/clogged-listener.js'
import { turn, until } from '../support/deadline.js'
import { dial, type Peer } from '../support/peer.js'
import { echoer } from './simulated-pair.js'
import { accepted, driverLike, errorOf, LOOPBACK, likeObject, MIB, play, rejection } from './world.js'

let clogged: Clogged
beforeAll(async () => {
  clogged = await cloggedListener()
})
afterAll(() => clogged.close())

describe('the faults of the original, none of which exist here', () => {
  it('a second reader of one connection was forgotten, and gets a BusyError here', async () => {
    const { first, second } = await play(function* () {
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(function* () {
        return String(yield* conn.recv())
      })
      yield pause()
      const second = yield* errorOf(conn.recv())
      peer.write('for the first').end()
      const first = yield* join(reader)
      conn.close()
      return { first, second }
    })

    expect(first).toBe('for the first')
    expect(second).toBeInstanceOf(BusyError)
  })

  it('a slow reader stopped all tasks, and delays no other here', async () => {
    const { turns, stuck } = await play(function* () {
      const { conn, peer } = yield* accepted()
      let done = false
      const sender = yield* spawn(function* () {
        yield* conn.sendall(Buffer.alloc(64 * MIB))
        done = true
      })
      let turns = 0
      for (let i = 0; i < 20; i++) {
        yield* sleep(1)
        turns++
      }
      const stuck = !done
      yield* kill(sender)
      peer.socket.destroy()
      return { turns, stuck }
    })

    expect(stuck).toBe(true)
    expect(turns).toBe(20)
  })

  it('closing a connection that another task waits for ended the program, and gives that task a ClosedError here', async () => {
    const errors = await play(function* () {
      const { conn, peer } = yield* accepted()
      const listener = yield* listen(LOOPBACK, 0)
      const reader = yield* spawn(() => errorOf(conn.recv()))
      const acceptor = yield* spawn(() => errorOf(listener.accept()))
      const bystander = yield* spawn(function* () {
        yield* sleep(2)
        return 'went on'
      })
      yield pause()
      conn.close()
      listener.close()
      peer.end()
      const errors = [yield* join(reader), yield* join(acceptor)]
      expect(yield* join(bystander)).toBe('went on')
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ClosedError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
  })

  it('at most 1,023 connections were possible, and 2,000 are here', { timeout: 20_000 }, async () => {
    const count = 2000

    const replies = await play(
      function* () {
        let listener: Listener | undefined
        const task = yield* spawn(
          server(LOOPBACK, 0, echoer, {
            onListening: (opened) => {
              listener = opened
            },
          }),
        )
        yield until('the server listens', () => listener !== undefined)
        const conns: Connection[] = []
        for (let i = 0; i < count; i++) conns.push(yield* connect(LOOPBACK, listener!.address.port))
        for (const [i, conn] of conns.entries()) yield* conn.sendall(`${i}`)
        let replies = 0
        for (const [i, conn] of conns.entries()) {
          if (String(yield* conn.readexactly(`${i}`.length)) === `${i}`) replies++
        }
        for (const conn of conns) conn.close()
        for (const conn of conns) yield* conn.whenClosed()
        yield* kill(task)
        return replies
      },
      { signal: AbortSignal.timeout(15_000) },
    )

    expect(replies).toBe(count)
  })

  it('a reset within readline gave None for a line, and is an error here', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(() => errorOf(conn.readline()))
      peer.write('half a li')
      for (let i = 0; i < 10; i++) yield turn()
      yield peer.reset()
      const error = yield* join(reader)
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it.each([
    ['ECONNABORTED', 'when accept is called'],
    ['EMFILE', 'when the driver reports a connection'],
  ])('a failed accept ended the server, which goes on here after %s, %s', async (code, when) => {
    let failures = when === 'when accept is called' ? 1 : 0
    let failsWhenReady = failures === 0
    const thrown: unknown[] = []
    const failing = (listener: DriverListener): DriverListener =>
      likeObject(listener, {
        accept() {
          if (failures-- > 0) throw Object.assign(new Error(`accept ${code}`), { code })
          return listener.accept()
        },
      })
    const driver = driverLike(nodeDriver, {
      listen: (target, done) =>
        nodeDriver.listen(target, (error, listener) => {
          done(error, listener === null ? null : failing(listener))
          if (listener === null) return
          const { observer } = listener
          listener.observer = {
            ready(what) {
              if (failsWhenReady && (what & READABLE) !== 0) failures = 1
              failsWhenReady = false
              try {
                observer!.ready(what)
              } catch (error) {
                // In a driver's callback an error would end the process.
                thrown.push(error)
              }
            },
          }
        }),
    })

    const replies = await play(function* () {
      let listener: Listener | undefined
      const task = yield* spawn(
        server(LOOPBACK, 0, echoer, {
          driver,
          onListening: (opened) => {
            listener = opened
          },
        }),
      )
      yield until('the server listens', () => listener !== undefined)
      const replies: string[] = []
      for (const text of ['one', 'two']) {
        const peer: Peer = yield dial(listener!.address.port)
        peer.write(text).end()
        yield peer.finish()
        replies.push(peer.text)
      }
      yield* kill(task)
      return replies
    })

    expect(thrown).toEqual([])
    expect(replies).toEqual(['one', 'two'])
  })

  it('connect stopped all tasks, and delays no other here', async () => {
    const turns = await play(function* () {
      const connecting = yield* spawn(function* () {
        return yield* connect(LOOPBACK, clogged.port)
      })
      let turns = 0
      for (let i = 0; i < 20; i++) {
        yield* sleep(1)
        turns++
      }
      expect(connecting.state).not.toBe('ended')
      yield* kill(connecting)
      return turns
    })

    expect(turns).toBe(20)
  })

  it('a handler that is not a generator function left its client waiting, and its connection is closed here', async () => {
    let peer: Peer | undefined

    const running = rejection(
      play(function* () {
        let listener: Listener | undefined
        yield* spawn(
          server(LOOPBACK, 0, (() => 'no generator') as never, {
            onListening: (opened) => {
              listener = opened
            },
            onError: () => {},
          }),
        )
        yield until('the server listens', () => listener !== undefined)
        peer = yield dial(listener!.address.port)
        yield peer!.finish()
        peer!.end()
        throw new Error('the test is over')
      }),
    )
    await running

    expect(peer!.ended || peer!.errors.length > 0).toBe(true)
  })
})
