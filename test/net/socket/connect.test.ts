// Promises 6 and 7 of the network: `connect`, its addresses, its errors, and how it is killed.
import { ConnectError, type Connection, connect, listen, TimeoutError } from '@bluelet/net'
import { type Driver, FAILED, nodeDriver, WRITABLE } from '@bluelet/net/driver'
import { kill, pause, race, Scheduler, sleep, spawn, timeout } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClockHost } from '../../support/clock-host.js'
import { type Clogged, cloggedListener } from '../../support/clogged-listener.js'
import { settled, turn, until } from '../../support/deadline.js'
import { internals } from '../../support/internals.js'
import { openSockets } from '../../support/leaks.js'
import { freePort, type RawServer, rawServer } from '../../support/peer.js'
import {
  driverLike,
  errorOf,
  hostOf,
  LOOPBACK,
  perform,
  play,
  rejection,
  silentSocket,
  tellingAfter,
} from '../world.js'

// It exists before the leak check begins to count, and until after it has ended.
let clogged: Clogged
beforeAll(async () => {
  clogged = await cloggedListener()
})
afterAll(() => clogged.close())

/** A driver that records its attempts to connect and which of them were closed. */
interface Attempts {
  readonly driver: Driver
  readonly begun: string[]
  readonly closed: string[]
}

/** A driver that resolves every name to the given addresses, some of which never answer. */
function driverWith(addresses: readonly string[], silent: readonly string[] = []): Attempts {
  const begun: string[] = []
  const closed: string[] = []
  const driver = driverLike(nodeDriver, {
    lookup: (_host, done) => void setImmediate(() => done(null, addresses)),
    connect(target) {
      const { host } = hostOf(target)
      begun.push(host)
      if (!silent.includes(host)) return nodeDriver.connect(target)
      return silentSocket(() => closed.push(host))
    },
  })
  return { driver, begun, closed }
}

describe('connect', () => {
  it('gives a connection', async () => {
    const server = await rawServer()

    const text = await play(function* () {
      const conn = yield* connect(LOOPBACK, server.port)
      yield* conn.sendall('hello')
      conn.close()
      const peer = (yield server.next()) as Awaited<ReturnType<RawServer['next']>>
      yield peer.finish()
      peer.end()
      return peer.text
    })

    expect(text).toBe('hello')
  })

  it('connects by name, without blocking other tasks', async () => {
    const server = await rawServer()

    const steps = await play(function* () {
      let steps = 0
      const counter = yield* spawn(function* () {
        while (true) {
          yield pause()
          steps++
        }
      })
      const conn = yield* connect('localhost', server.port)
      yield* kill(counter)
      conn.abort()
      return steps
    })

    expect(steps).toBeGreaterThan(0)
  })

  it('names the address that refused the connection', async () => {
    const port = await freePort()

    const error = await play(() => errorOf(connect(LOOPBACK, port)))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ECONNREFUSED')
    expect(error.message).toContain(`127.0.0.1:${port}`)
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('lists each attempt when all addresses fail', async () => {
    const port = await freePort()
    const { driver, begun } = driverWith(['127.0.0.1', '::1', '127.0.0.2'])

    const error = await play(() => errorOf(connect('three.example', port, { driver })))

    expect(begun.sort()).toEqual(['127.0.0.1', '127.0.0.2', '::1'])
    expect(error.message).toContain('three.example')
    for (const where of [`127.0.0.1:${port}`, `[::1]:${port}`, `127.0.0.2:${port}`]) {
      expect(error.message).toContain(`${where}: ECONNREFUSED`)
    }
    expect(error.errors).toHaveLength(3)
  })

  it('tries IPv6 and IPv4 in turn, starting with the family of the first address', async () => {
    const port = await freePort()
    const { driver, begun } = driverWith(['::1', '::1', '127.0.0.1', '127.0.0.2', '127.0.0.3'])

    await play(() => errorOf(connect('many.example', port, { driver })))

    expect(begun).toEqual(['::1', '127.0.0.1', '::1', '127.0.0.2', '127.0.0.3'])
  })

  it('reports a name without addresses', async () => {
    const driver = driverLike(nodeDriver, {
      lookup: (_host, done) =>
        void setImmediate(() => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])),
    })

    const error = await play(() => errorOf(connect('nowhere.invalid', 80, { driver })))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ENOTFOUND')
    expect(error.message).toContain('nowhere.invalid')
  })

  it.each(['a\0b', `${'x'.repeat(64)}.invalid`, ' ', '999.999.999.999'])(
    'throws a ConnectError for the impossible host %j',
    async (host) => {
      const driver = driverLike(nodeDriver, {
        // The resolver refuses these names by itself, without traffic.
        lookup: host.includes('.') && !host.startsWith('x') ? refuse : nodeDriver.lookup,
      })

      const error = await play(() => errorOf(connect(host, 80, { driver })))

      expect(error).toBeInstanceOf(ConnectError)
    },
  )

  it('escapes what a host contains in its messages, so that each stays on its line', async () => {
    const host = 'a\n\x1b[2J'
    const driver = driverLike(nodeDriver, { lookup: refuse })
    const silent = driverLike(nodeDriver, { lookup: () => {} })

    const errors = await play(function* () {
      return [
        yield* errorOf(connect(host, 80, { driver })),
        yield* errorOf(connect(host, 80, { driver: silent, timeout: 1 })),
        yield* errorOf(listen(host, 80, { driver: nodeDriver })),
      ]
    })

    for (const { message } of errors) expect(message).toContain('a\\u{a}\\u{1b}[2J')
    for (const { message } of errors) expect(message).not.toContain('\n')
  })

  it.each([0, -1, 65_536, 1.5, Number.NaN, '80', undefined])('refuses the port %s', (port) => {
    expect(() => void connect(LOOPBACK, port as number)).toThrow(RangeError)
  })

  it.each(['', undefined, null, 1])('refuses the host %s', (host) => {
    expect(() => void connect(host as string, 80)).toThrow(TypeError)
  })

  it.each([-1, Number.NaN])('refuses the timeout %s', (ms) => {
    expect(() => void connect(LOOPBACK, 80, { timeout: ms })).toThrow(RangeError)
  })

  it.each([-1, Number.NaN])('refuses linger: %s', (ms) => {
    expect(() => void connect(LOOPBACK, 80, { linger: ms })).toThrow(/^connect: linger: expected ms >= 0/)
  })

  it('shows the pending look-up and attempt in a snapshot', async () => {
    const { driver } = driverWith(['192.0.2.1'], ['192.0.2.1'])

    const [first, second] = await play(function* () {
      const connecting = yield* spawn(() => perform(connect('two.example', 80, { driver })))
      const waits = () =>
        internals(connecting)
          .snapshot()
          .map(({ waitsFor }) => waitsFor)
      while (!waits().some((wait) => wait?.startsWith('lookup'))) yield pause()
      const first = waits()
      yield turn()
      yield turn()
      const second = waits()
      yield kill(connecting)
      return [first, second]
    })

    expect(first).toContain("lookup('two.example')")
    expect(second).toContain('connect to 192.0.2.1:80')
  })

  it('reports a failure for which the driver gives no reason', async () => {
    const driver = driverLike(nodeDriver, {
      connect() {
        const socket = silentSocket(() => {})
        setImmediate(() => socket.observer?.ready(FAILED))
        return socket
      },
    })

    const error = await play(() => errorOf(connect('192.0.2.1', 80, { driver })))

    expect(error).toMatchObject({
      code: 'ERR_BLUELET_CONNECT',
      message: "connect('192.0.2.1', 80) failed: 192.0.2.1:80: the connection failed",
    })
    expect(error.errors[0].cause).toEqual(new Error('the connection failed'))
    expect(error.errors[0]).not.toHaveProperty('code')
  })

  it.each([
    ['without a code', new Error('out of luck'), 'ERR_BLUELET_CONNECT', 'out of luck'],
    [
      'with a code that is no string',
      Object.assign(new Error('aborted'), { code: 20 }),
      'ERR_BLUELET_CONNECT',
      'aborted',
    ],
    ['that is no Error', 'out of luck', 'ERR_BLUELET_CONNECT', '"out of luck"'],
    [
      'with a code of the system',
      Object.assign(new Error('no'), { code: 'EAI_AGAIN' }),
      'EAI_AGAIN',
      'the name has no address (EAI_AGAIN)',
    ],
  ])('has a stable code for an error of a look-up %s', async (_kind, given, code, reason) => {
    const driver = driverLike(nodeDriver, {
      lookup: (_host, done) => void setImmediate(() => done(given as Error, [])),
    })

    const error = await play(() => errorOf(connect('luckless.example', 80, { driver })))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      code,
      message: `connect('luckless.example', 80) failed: ${reason}`,
      errors: [given],
    })
  })

  it('can be awaited outside a run', async () => {
    const server = await rawServer()

    const conn = await connect(LOOPBACK, server.port)
    const remote = `${conn.remoteAddress}`
    conn.abort()

    expect(remote).toBe(`127.0.0.1:${server.port}`)
  })
})

describe('connect with a first address that never answers', () => {
  const names = ['127.0.0.9', '127.0.0.1']

  it('tries the next address after 250 ms, and abandons the first when that one answers', async () => {
    const server = await rawServer()
    const host = new ClockHost()
    const { driver, begun, closed } = driverWith(names, ['127.0.0.9'])

    const connecting = new Scheduler({ host }).run(function* () {
      const conn = yield* connect('slow.example', server.port, { driver })
      const remote = conn.remoteAddress?.host
      conn.abort()
      return remote
    })
    await until('the first attempt', () => begun.length === 1 && host.alarms > 0)
    host.advance(249)
    await settled(() => begun.length, 20)
    const early = [...begun]
    host.advance(1)
    const remote = await connecting

    expect(early).toEqual(['127.0.0.9'])
    expect(begun).toEqual(names)
    expect(remote).toBe('127.0.0.1')
    expect(closed).toEqual(['127.0.0.9'])
  })

  it('tries the next address at once when an attempt fails', async () => {
    const server = await rawServer('127.0.0.2')
    const host = new ClockHost()
    // Nothing else listens on the first one. A clogged listener of another test may, on 127.0.0.1.
    const { driver } = driverWith(['127.0.0.3', '127.0.0.2'])

    // The clock does not move, so that only a failure can begin the second attempt.
    const remote = await new Scheduler({ host }).run(function* () {
      const conn = yield* connect('two.example', server.port, { driver })
      const remote = conn.remoteAddress?.host
      conn.abort()
      return remote
    })

    expect(remote).toBe('127.0.0.2')
  })

  it('lists each attempt when the time is up', async () => {
    const port = await freePort()
    const host = new ClockHost()
    const { driver, begun, closed } = driverWith(
      ['127.0.0.1', '127.0.0.9', '127.0.0.8'],
      ['127.0.0.9', '127.0.0.8'],
    )

    const connecting = rejection(
      new Scheduler({ host }).run(() => perform(connect('slow.example', port, { driver, timeout: 1000 }))),
    )
    await until('the second attempt', () => begun.length === 2 && host.alarms > 0)
    await settled(() => host.alarms, 20)
    host.advance(250)
    await until('the third attempt', () => begun.length === 3)
    await settled(() => host.alarms, 20)
    host.advance(750)
    const error = await connecting

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ETIMEDOUT')
    expect(error.message).toContain('1000 ms')
    expect(closed.sort()).toEqual(['127.0.0.8', '127.0.0.9'])
    for (const where of ['127.0.0.1', '127.0.0.9', '127.0.0.8']) expect(error.message).toContain(where)
  })

  it('counts the look-up towards its timeout', async () => {
    const host = new ClockHost()
    let asked = 0
    const driver = driverLike(nodeDriver, { lookup: () => void asked++ })

    const connecting = rejection(
      new Scheduler({ host }).run(() => perform(connect('slow.example', 80, { driver, timeout: 500 }))),
    )
    await until('the look-up', () => asked === 1 && host.alarms > 0)
    host.advance(500)
    const error = await connecting

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ETIMEDOUT')
  })
})

describe('connect to a listener that accepts nothing', () => {
  it('fails when its time is up, and frees the descriptor', async () => {
    const before = openSockets()

    const error = await play(() => errorOf(connect(LOOPBACK, clogged.port, { timeout: 50 })))
    await until('the descriptor is back', () => openSockets() === before)

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ETIMEDOUT')
    expect(error.message).toContain('50 ms')
  })

  it('frees the descriptor when it is killed', async () => {
    const before = openSockets()

    const during = await play(function* () {
      const connecting = yield* spawn(() => perform(connect(LOOPBACK, clogged.port)))
      yield until('the attempt', () => openSockets() > before)
      const during = openSockets()
      yield* kill(connecting)
      return during
    })
    await until('the descriptor is back', () => openSockets() === before)

    expect(during).toBe(before + 1)
  })

  it('frees the descriptor when a timeout or a race around it is over', async () => {
    const before = openSockets()

    const error = await play(function* () {
      yield* race([connect(LOOPBACK, clogged.port), sleep(20)])
      return yield* errorOf(timeout(20, connect(LOOPBACK, clogged.port)))
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(error).toBeInstanceOf(TimeoutError)
  })
})

describe('connect when it is killed', () => {
  it('ignores a look-up that answers later', async () => {
    let answer: (error: Error | null, addresses: readonly string[]) => void = () => {}
    let connected = 0
    const driver = driverLike(nodeDriver, {
      lookup: (_host, done) => {
        answer = done
      },
      connect(target) {
        connected++
        return nodeDriver.connect(target)
      },
    })

    await play(function* () {
      const connecting = yield* spawn(() => perform(connect('late.example', 80, { driver })))
      for (let i = 0; i < 5; i++) yield pause()
      yield* kill(connecting)
    })
    answer(null, ['127.0.0.1'])
    await turn()

    expect(connected).toBe(0)
  })

  it('leaves no descriptor, whenever that happens', async () => {
    const before = openSockets()

    await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const acceptor = yield* spawn(function* () {
        while (true) (yield* listener.accept()).abort()
      })
      for (let turns = 0; turns < 60; turns++) {
        const connecting = yield* spawn(() => perform(connect(LOOPBACK, listener.address.port)))
        for (let i = 0; i < turns % 30; i++) yield pause()
        yield* kill(connecting)
        if (connecting.outcome?.kind === 'returned') connecting.outcome.value.abort()
      }
      yield* kill(acceptor)
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  // The connection is made; the kill comes at each of the steps that pass it on within connect.
  it.each(Array.from({ length: 12 }, (_, steps) => steps))(
    'leaves no descriptor %i steps after the connection was made',
    async (steps) => {
      const server = await rawServer()
      const before = openSockets()
      let made = false
      const driver = driverLike(nodeDriver, {
        connect: (target) =>
          tellingAfter(nodeDriver.connect(target), (what) => {
            if ((what & WRITABLE) !== 0) made = true
          }),
      })

      await play(function* () {
        const scheduler = new Scheduler({ host: stoppedHost })
        const connecting = scheduler.spawn(() => perform(connect(LOOPBACK, server.port, { driver })))
        while (!made) {
          while (scheduler.step());
          yield turn()
        }
        for (let i = 0; i < steps; i++) scheduler.step()
        internals(scheduler).cancel(connecting)
        for (let i = 0; i < 50; i++) {
          while (scheduler.step());
          yield turn()
        }
        // A connection that a task received before the kill is closed by that task.
        if (connecting.outcome?.kind === 'returned') connecting.outcome.value.abort()
        ;((yield server.next()) as Awaited<ReturnType<RawServer['next']>>).socket.destroy()
      })
      await until('the descriptors are back', () => openSockets() === before)

      expect(openSockets()).toBe(before)
    },
  )

  it.each(Array.from({ length: 12 }, (_, steps) => steps))(
    'leaves no descriptor when it loses a race %i steps after the connection was made',
    async (steps) => {
      const server = await rawServer()
      const before = openSockets()
      const host = new ClockHost()
      let made = false
      const driver = driverLike(nodeDriver, {
        connect: (target) =>
          tellingAfter(nodeDriver.connect(target), (what) => {
            if ((what & WRITABLE) !== 0) made = true
          }),
      })

      await play(function* () {
        const scheduler = new Scheduler({ host: { ...stoppedHost, now: () => host.now() } })
        const racing = scheduler.spawn(function* () {
          return yield* race([connect(LOOPBACK, server.port, { driver }), sleep(100)])
        })
        while (!made) {
          while (scheduler.step());
          yield turn()
        }
        for (let i = 0; i < steps; i++) scheduler.step()
        host.advance(100)
        for (let i = 0; i < 50; i++) {
          while (scheduler.step());
          yield turn()
        }
        const { outcome } = racing
        if (outcome?.kind === 'returned') (outcome.value as Connection | undefined)?.abort()
        ;((yield server.next()) as Awaited<ReturnType<RawServer['next']>>).socket.destroy()
      })
      await until('the descriptors are back', () => openSockets() === before)

      expect(openSockets()).toBe(before)
    },
  )
})

/** A host that calls nothing by itself, since the scheduler is driven by step(). */
const stoppedHost = {
  now: () => 0,
  soon() {},
  at() {},
  cancel() {},
  report(error: unknown) {
    throw error
  },
}

function refuse(_host: string, done: Parameters<Driver['lookup']>[1]): void {
  setImmediate(() => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []))
}
