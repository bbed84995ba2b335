// Promise 6 of the network: `listen` and `accept`, which lose no connection when they are killed.
import { ClosedError, type Connection, ListenError, type Listener, listen, TimeoutError } from '@bluelet/net'
import { type DriverListener, nodeDriver } from '@bluelet/net/driver'
import { all, join, kill, pause, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, turn, until } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import { dial, type Peer } from '../../support/peer.js'
import { randomNumbers } from '../../support/random.js'
import { driverLike, errorOf, LOOPBACK, play } from '../world.js'

describe('listen', () => {
  it('gives a listener with its real port', async () => {
    const address = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      return listener.address
    })

    expect(address.host).toBe(LOOPBACK)
    expect(address.port).toBeGreaterThan(0)
  })

  it("listens on every address for ''", async () => {
    const text = await play(function* () {
      using listener = yield* listen('', 0)
      const peer: Peer = yield dial(listener.address.port)
      const conn = yield* listener.accept()
      peer.write('v4').end()
      const text = yield* conn.readall()
      conn.close()
      return `${text} from ${conn.remoteAddress?.host}`
    })

    expect(text).toBe('v4 from 127.0.0.1')
  })

  it('listens on an IPv6 address', async () => {
    const address = await play(function* () {
      using listener = yield* listen('::1', 0)
      const peer: Peer = yield dial(listener.address.port, '::1')
      const conn = yield* listener.accept()
      peer.end()
      conn.close()
      return conn.localAddress
    })

    expect(address?.host).toBe('::1')
    expect(address?.family).toBe(6)
  })

  it('reports a port in use, with its number and what to do', async () => {
    const { error, port } = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const { port } = listener.address
      return { port, error: yield* errorOf(listen(LOOPBACK, port)) }
    })

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe('EADDRINUSE')
    expect(error.message).toContain(`127.0.0.1:${port}`)
    expect(error.message).toContain('in use')
    expect(error.cause).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('reports an address of another machine', async () => {
    // An address for documentation (RFC 5737). Binding it sends nothing.
    const error = await play(() => errorOf(listen('192.0.2.1', 0)))

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe('EADDRNOTAVAIL')
    expect(error.message).toContain('192.0.2.1')
  })

  it.each([-1, 65_536, 1.5, Number.NaN, '80', null, undefined])('refuses the port %s', (port) => {
    expect(() => void listen(LOOPBACK, port as number)).toThrow(RangeError)
  })

  it.each([undefined, null, 1])('refuses the host %s', (host) => {
    expect(() => void listen(host as unknown as string, 0)).toThrow(TypeError)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses the backlog %s', (backlog) => {
    expect(() => void listen(LOOPBACK, 0, { backlog })).toThrow(RangeError)
  })

  it('leaves no descriptor when it is killed', async () => {
    const before = openSockets()

    await play(function* () {
      for (const host of [LOOPBACK, '', '::1', 'localhost']) {
        for (const turns of [0, 1, 2]) {
          const opening = yield* spawn(function* () {
            return yield* listen(host, 0)
          })
          for (let i = 0; i < turns; i++) yield pause()
          yield* kill(opening)
          if (opening.outcome?.kind === 'returned') opening.outcome.value.close()
        }
      }
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  it('closes a listener that is ready only after the kill', async () => {
    let closed = 0
    let finish = () => {}
    const late = { close: () => void closed++ } as DriverListener
    const driver = driverLike(nodeDriver, {
      listen(_target, done) {
        finish = () => done(null, late)
        return () => {}
      },
    })

    await play(function* () {
      const opening = yield* spawn(function* () {
        yield* listen(LOOPBACK, 0, { driver })
      })
      yield pause()
      yield* kill(opening)
      finish()
    })

    expect(closed).toBe(1)
  })
})

describe('Listener.accept', () => {
  it('gives connections to waiting tasks in the order of their calls', async () => {
    const order = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const order: string[] = []
      const acceptors = []
      for (const name of ['first', 'second', 'third']) {
        acceptors.push(
          yield* spawn(function* () {
            const conn = yield* listener.accept()
            order.push(name)
            conn.abort()
          }),
        )
      }
      yield pause()
      for (let i = 0; i < 3; i++) {
        yield dial(listener.address.port)
        yield until('an accept', () => order.length > i)
      }
      for (const acceptor of acceptors) yield* join(acceptor)
      return order
    })

    expect(order).toEqual(['first', 'second', 'third'])
  })

  it('keeps connections that arrive before the first accept', async () => {
    const texts = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      for (const text of ['a', 'b', 'c']) {
        const peer: Peer = yield dial(listener.address.port)
        peer.write(text).end()
      }
      const texts: string[] = []
      for (let i = 0; i < 3; i++) {
        const conn = yield* listener.accept()
        texts.push(String(yield* conn.readall()))
        conn.close()
      }
      return texts
    })

    expect(texts.sort()).toEqual(['a', 'b', 'c'])
  })

  it('loses no connection to kills and timeouts at random moments', async () => {
    const random = randomNumbers(5)
    const count = 150

    const { texts, cut } = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const { port } = listener.address
      const texts = new Set<string>()
      let cut = 0
      let taken = 0
      const serve = function* (conn: Connection) {
        texts.add(String(yield* conn.readall()))
        conn.close()
      }
      yield* spawn(function* () {
        for (let i = 0; i < count; i++) {
          const peer: Peer = yield dial(port)
          peer.write(`${i}`).end()
          for (let n = random(3); n > 0; n--) yield turn()
        }
      })
      while (taken < count) {
        if (random(2) === 0) {
          const acceptor = yield* spawn(function* () {
            const conn = yield* listener.accept()
            taken++
            return conn
          })
          for (let n = random(4); n > 0; n--) yield pause()
          yield* kill(acceptor)
          if (acceptor.outcome?.kind === 'returned') yield* spawn(serve, acceptor.outcome.value)
          else cut++
        } else {
          try {
            const conn = yield* timeout(random(2), listener.accept())
            taken++
            yield* spawn(serve, conn)
          } catch (error) {
            if (!(error instanceof TimeoutError)) throw error
            cut++
          }
        }
      }
      yield until('all are served', () => texts.size === count)
      return { texts, cut }
    })

    expect(cut).toBeGreaterThan(20)
    expect(texts.size).toBe(count)
  })
})

describe('Listener.close', () => {
  it('throws a ClosedError in every waiting accept; accepted connections go on', async () => {
    const { errors, later, value } = await play(function* () {
      const listener = yield* listen(LOOPBACK, 0)
      const acceptors = yield* all([
        spawn(() => errorOf(listener.accept())),
        spawn(() => errorOf(listener.accept())),
      ])
      yield pause()
      listener.close()
      const errors = yield* all(acceptors.map((acceptor) => join(acceptor)))
      return { errors, later: yield* errorOf(listener.accept()), value: 'went on' }
    })

    expect(errors).toHaveLength(2)
    for (const error of [...errors, later]) expect(error).toBeInstanceOf(ClosedError)
    expect(value).toBe('went on')
  })

  it('is idempotent, and happens at the end of a using block', async () => {
    const error = await play(function* () {
      let kept: Listener
      {
        using listener = yield* listen(LOOPBACK, 0)
        kept = listener
      }
      kept.close()
      kept.close()
      return yield* errorOf(kept.accept())
    })

    expect(error).toBeInstanceOf(ClosedError)
  })

  it('makes closed true and wakes the tasks in whenClosed', async () => {
    const seen = await play(function* () {
      const listener = yield* listen(LOOPBACK, 0)
      let woken = 0
      const killed = yield* spawn(function* () {
        yield* listener.whenClosed()
        woken++
      })
      yield* spawn(function* () {
        yield* listener.whenClosed()
        woken++
      })
      yield pause()
      yield* kill(killed)
      const before = [listener.closed, woken]
      listener.close()
      yield* listener.whenClosed()
      yield pause()
      return [before, [listener.closed, woken]]
    })

    expect(seen).toEqual([
      [false, 0],
      [true, 1],
    ])
  })

  it('resets connections that were not accepted, and keeps accepted ones', async () => {
    const { errors, text } = await play(function* () {
      const listener = yield* listen(LOOPBACK, 0)
      const accepted: Peer = yield dial(listener.address.port)
      const conn = yield* listener.accept()
      const waiting: Peer = yield dial(listener.address.port)
      yield settled(() => openSockets())
      listener.close()
      yield waiting.finish()
      yield* conn.sendall('still here')
      conn.close()
      yield accepted.finish()
      accepted.end()
      return { errors: waiting.errors, text: accepted.text }
    })

    expect(errors).toEqual(['ECONNRESET'])
    expect(text).toBe('still here')
  })

  it('frees the port at once', async () => {
    const again = await play(function* () {
      const first = yield* listen(LOOPBACK, 0)
      const { port } = first.address
      first.close()
      using second = yield* listen(LOOPBACK, port)
      return second.address.port === port
    })

    expect(again).toBe(true)
  })
})
