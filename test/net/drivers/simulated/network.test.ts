import { ConnectError, connect, ListenError, listen } from '@bluelet/net'
import { type NetworkOptions, Simulation, type SimulationOptions, simulate } from '@bluelet/net/testing'
import { DeadlockError, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { turn } from '../../../support/deadline.js'
import { abort } from '../../simulated-pair.js'
import { errorOf, rejection } from '../../world.js'
import { driverSuite } from '../suite/driver-suite.js'

const { network } = new Simulation()

driverSuite('simulated', {
  driver: network,
  address: '127.0.0.1',
  ipv6: true,
  unknownName: 'nowhere.invalid',
  turn,
  descriptors: () => network.descriptors,
})

/** The result of a connect: its address or its error, and the time. */
function connecting(host: string, options: SimulationOptions): Promise<{ outcome: any; ms: number }> {
  return simulate(function* (world) {
    const listener = yield* listen('', 4915)
    const begin = world.now()
    let outcome: unknown
    try {
      const conn = yield* connect(host, 4915)
      outcome = `${conn.remoteAddress}`
      abort({ client: conn, server: yield* listener.accept() })
    } catch (error) {
      outcome = error
    }
    listener.close()
    return { outcome, ms: world.now() - begin }
  }, options)
}

describe('a port shared with reusePort', () => {
  it('gives each listener some of the connections', async () => {
    const accepted = await simulate(function* () {
      const options = { reusePort: true }
      const listeners = [yield* listen('', 4915, options), yield* listen('', 4915, options)]
      const accepted = [0, 0]
      for (const [i, listener] of listeners.entries()) {
        yield* spawn(function* () {
          while (true) {
            const conn = yield* listener.accept()
            conn.abort()
            accepted[i]!++
          }
        })
      }
      for (let i = 0; i < 40; i++) {
        const conn = yield* connect('localhost', 4915)
        yield* errorOf(conn.recv())
        conn.abort()
      }
      return accepted
    })

    expect(accepted[0]! + accepted[1]!).toBe(40)
    expect(Math.min(...accepted)).toBeGreaterThan(0)
  })

  it.each([
    [true, false],
    [false, true],
  ])('is shared only by listeners that all have the option: %s, %s', async (first, second) => {
    const error = await simulate(function* () {
      const listener = yield* listen('', 4915, { reusePort: first })
      const error = yield* errorOf(listen('', 4915, { reusePort: second }))
      listener.close()
      return error
    })

    expect(error.code).toBe('EADDRINUSE')
  })
})

describe('SimulatedNetwork', () => {
  it('has a name', () => {
    expect(network.name).toBe('simulated')
  })

  it.each([
    ['latency', -1],
    ['latency', Number.NaN],
    ['latency', Number.POSITIVE_INFINITY],
    ['latency', [2, 1]],
    ['latency', [-1, 1]],
    ['latency', [0, Number.POSITIVE_INFINITY]],
    ['latency', [Number.NaN, 1]],
    ['buffer', 0],
    ['buffer', -1],
    ['buffer', 1.5],
    ['buffer', Number.NaN],
    ['buffer', Number.POSITIVE_INFINITY],
  ])('refuses a %s of %j', (name, value) => {
    expect(() => new Simulation({ [name]: value } as NetworkOptions)).toThrow(RangeError)
    expect(() => new Simulation({ [name]: value } as NetworkOptions)).toThrow(`${name}: expected`)
  })
})

describe('names', () => {
  it('stand for addresses', async () => {
    const { outcome } = await connecting('echo.test', { names: { 'echo.test': ['10.0.0.7'] } })

    expect(outcome).toBe('10.0.0.7:4915')
  })

  it.each([
    ['localhost', '127.0.0.1:4915'],
    ['10.1.2.3', '10.1.2.3:4915'],
    ['::1', '[::1]:4915'],
  ])('need not be given for %s', async (host, address) => {
    expect((await connecting(host, {})).outcome).toBe(address)
  })

  it('can be given for localhost too', async () => {
    const { outcome } = await connecting('localhost', { names: { localhost: ['::1'] } })

    expect(outcome).toBe('[::1]:4915')
  })

  it.each(['ENOTFOUND', 'EAI_AGAIN'])('can fail with %s', async (code) => {
    const { outcome } = await connecting('down.test', { names: { 'down.test': code } })

    expect(outcome).toBeInstanceOf(ConnectError)
    expect(outcome).toMatchObject({ code, message: expect.stringContaining(`has no address (${code})`) })
  })

  it('that are not given do not exist', async () => {
    const { outcome, ms } = await connecting('elsewhere.test', { latency: 20 })

    expect(outcome).toMatchObject({ code: 'ENOTFOUND' })
    expect(ms).toBe(20)
  })

  it('without an address cannot be connected to', async () => {
    const { outcome } = await connecting('empty.test', { names: { 'empty.test': [] } })

    expect(outcome).toMatchObject({ code: 'ENOTFOUND' })
  })

  it('without an address cannot be listened on', async () => {
    const error = await rejection(
      simulate(
        function* () {
          const listener = yield* listen('empty.test', 4915)
          listener.close()
        },
        { names: { 'empty.test': [] } },
      ),
    )

    expect(error).toBeInstanceOf(ListenError)
  })

  it('whose look-up hangs do so until the timeout of connect', async () => {
    const { outcome, ms } = await connecting('slow.test', { names: { 'slow.test': 'hang' } })

    expect(outcome.message).toBe(
      "connect('slow.test', 4915): not connected within 10000 ms, in the look-up of the name",
    )
    expect(ms).toBe(10_000)
  })

  it('whose look-up hangs are a deadlock without a limit', async () => {
    const error = await rejection(
      simulate(
        function* main() {
          yield* connect('slow.test', 4915, { timeout: Number.POSITIVE_INFINITY })
        },
        { names: { 'slow.test': 'hang' } },
      ),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect(error.message).toContain("waits for lookup('slow.test')")
  })
})

describe('addresses', () => {
  const addresses = {
    '10.0.0.1': 'ECONNREFUSED',
    '10.0.0.2': 'EHOSTUNREACH',
    '10.0.0.3': 'hang',
    'fd00::1': 'ENETUNREACH',
    'fd00::3': 'hang',
  }

  it.each([
    ['10.0.0.1', 'ECONNREFUSED'],
    ['10.0.0.2', 'EHOSTUNREACH'],
    ['fd00::1', 'ENETUNREACH'],
  ])('%s fails with %s, one latency later', async (host, code) => {
    const { outcome, ms } = await connecting(host, { addresses, latency: 10 })

    expect(outcome).toMatchObject({ code, message: expect.stringMatching(new RegExp(`:4915: ${code}$`)) })
    expect(ms).toBe(20)
  })

  it('that hang do so until the timeout of connect', async () => {
    const { outcome, ms } = await connecting('10.0.0.3', { addresses })

    expect(outcome.message).toContain('not connected within 10000 ms: 10.0.0.3:4915: no answer')
    expect(ms).toBe(10_000)
  })

  it('without a listener refuse after one round trip', async () => {
    const found = await simulate(
      function* (world) {
        const error = yield* errorOf(connect('127.0.0.1', 4915))
        return { error, ms: world.now() }
      },
      { latency: 10 },
    )

    expect(found.error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(found.ms).toBe(30)
  })

  it.each([
    // IPv4 is preferred here, and tried first. The look-up takes 1 ms, an accepted connection 3.
    ['one that refuses', ['10.0.0.1', '127.0.0.1'], 5],
    ['two that refuse', ['10.0.0.1', '10.0.0.2', '127.0.0.1'], 6],
    ['one that hangs', ['10.0.0.3', '127.0.0.1'], 254],
    ['two that hang, in both families', ['10.0.0.3', 'fd00::3', '127.0.0.1'], 504],
    ['one that refuses and one that hangs', ['10.0.0.1', 'fd00::3', '127.0.0.1'], 255],
  ])('after %s are tried in turn', async (_name, tried, ms) => {
    const found = await connecting('many.test', { addresses, names: { 'many.test': tried } })

    expect(found).toEqual({ outcome: '127.0.0.1:4915', ms })
  })

  it('all of which fail are all listed', async () => {
    const { outcome } = await connecting('many.test', {
      addresses,
      names: { 'many.test': ['10.0.0.1', 'fd00::1', '10.0.0.2'] },
    })

    expect(outcome.message).toBe(
      "connect('many.test', 4915) failed: 10.0.0.1:4915: ECONNREFUSED; " +
        '[fd00::1]:4915: ENETUNREACH; 10.0.0.2:4915: EHOSTUNREACH',
    )
  })

  it('of other machines cannot be listened on', async () => {
    const error = await rejection(
      simulate(
        function* () {
          yield* listen('10.0.0.1', 4915)
        },
        { addresses },
      ),
    )

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toBe(
      'cannot listen on 10.0.0.1:4915: this machine does not have that address (EADDRNOTAVAIL)',
    )
  })
})

describe('ports', () => {
  /** The error of the second listen, or undefined. */
  function second(first: string, other: string, port = 4915): Promise<any> {
    return simulate(function* () {
      const listener = yield* listen(first, 4915)
      try {
        const another = yield* listen(other, port)
        another.close()
        return undefined
      } catch (error) {
        return error
      } finally {
        listener.close()
      }
    })
  }

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['', ''],
    ['', '127.0.0.1'],
    ['10.0.0.1', ''],
    ['0.0.0.0', '10.0.0.1'],
    ['::', '0.0.0.0'],
  ])('in use: %j and %j', async (first, other) => {
    const error = await second(first, other)

    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('the port is in use'),
    })
  })

  it('of two addresses are two ports', async () => {
    expect(await second('127.0.0.1', '127.0.0.2')).toBe(undefined)
  })

  it('that differ do not conflict', async () => {
    expect(await second('', '', 4916)).toBe(undefined)
  })

  it('are free again when the listener is closed', async () => {
    const ports = await simulate(function* () {
      const ports: number[] = []
      for (let i = 0; i < 3; i++) {
        const listener = yield* listen('', 4915)
        ports.push(listener.address.port)
        listener.close()
      }
      return ports
    })

    expect(ports).toEqual([4915, 4915, 4915])
  })

  it('0 is a free port, a different one each time', async () => {
    const ports = await simulate(function* () {
      const taken = yield* listen('', 49_153)
      const listeners = [taken]
      for (let i = 0; i < 5; i++) listeners.push(yield* listen('127.0.0.1', 0))
      for (const listener of listeners) listener.close()
      return listeners.map((listener) => listener.address.port)
    })

    expect(new Set(ports).size).toBe(6)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(49_152)
  })

  it('begin again after the last', async () => {
    const ports = await simulate(function* () {
      const ports: number[] = []
      for (let i = 0; i < 16_385; i++) {
        const listener = yield* listen('', 0)
        ports.push(listener.address.port)
        listener.close()
      }
      return [ports.at(-2), ports.at(-1)]
    })

    expect(ports).toEqual([65_535, 49_152])
  })

  it('are answered by the listener for the exact address rather than by one for every address', async () => {
    const found = await simulate(function* () {
      const every = yield* listen('', 4915)
      const own = yield* errorOf(listen('10.0.0.1', 4915))
      every.close()
      const first = yield* listen('10.0.0.2', 4915)
      const other = yield* listen('10.0.0.1', 4915)
      const client = yield* connect('10.0.0.1', 4915)
      const conn = yield* other.accept()
      abort({ client, server: conn })
      for (const listener of [first, other]) listener.close()
      return [own.code, `${conn.socket.localAddress}`]
    })

    expect(found).toEqual(['EADDRINUSE', '10.0.0.1:4915'])
  })
})
