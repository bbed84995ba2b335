// Both ends of a connection: hosts that are refused, connections that reach themselves, and
// addresses.
import { ConnectError, type Connection } from '@bluelet/net'
import { all } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { errorOf, likeObject } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** Describes the hosts and the addresses of connections. */
export function endpoints(harness: ConformanceHarness): void {
  const { sample } = harness

  describe('its endpoints:', () => {
    it.each(['\0', '.example', ' ::1'].map((rest) => [`${sample.address}\0${rest}`]))(
      'refuses a host with a NUL byte, even after a valid address: %j',
      async (host) => {
        const outcomes = await harness.play(function* () {
          using listener = yield* harness.listen()
          const driver = harness.driverWith({
            lookup: (_host, done) => setImmediate(done, null, [sample.address]),
          })
          return [
            yield* outcome(harness.connect(listener.address.port, { host })),
            yield* outcome(harness.connect(listener.address.port, { host, driver })),
            yield* outcome(harness.listen(0, { host })),
          ]
        })

        expect(outcomes).toEqual([
          'ConnectError ENOTFOUND',
          'ConnectError ENOTFOUND',
          'ListenError ENOTFOUND',
        ])
      },
    )

    it.each(['127.0.0.1\0.example', '::1\0', 'fe80::1%lo\0', 'localhost\0'])(
      'finds no address for a name with a NUL byte: %j',
      async (host) => {
        const answer = await new Promise<[unknown, readonly string[]]>((resolve) => {
          sample.driver.lookup(host, (error, addresses) => resolve([error, addresses]))
          void harness.play(function* () {
            yield* harness.quiet()
          })
        })

        expect(answer).toEqual([expect.objectContaining({ code: 'ENOTFOUND' }), []])
      },
    )

    it('refuses a connection to itself, and frees its descriptor', async () => {
      const driver = harness.driverWith({
        connect(target, settings) {
          const socket = sample.driver.connect(target, settings)
          // As if the system had chosen the port to which it was told to connect.
          return likeObject(socket, {
            get localAddress() {
              return socket.remoteAddress
            },
          })
        },
      })

      const error = await harness.play(function* () {
        using listener = yield* harness.listen()
        return yield* errorOf(harness.connect(listener.address.port, { driver }))
      })

      expect(error).toBeInstanceOf(ConnectError)
      expect(error.code).toBe('ECONNREFUSED')
      expect(error.message).toContain('to itself')
    })

    it('abandons a connect when its signal is aborted, and throws the reason', async () => {
      const calls: string[] = []
      const reason = new Error('no longer needed')
      const signals = new AbortController()
      const driver = harness.silentDriver({
        attempt() {
          calls.push('attempt')
          queueMicrotask(() => signals.abort(reason))
        },
        close: () => calls.push('closed'),
      })
      const options = { driver, signal: signals.signal }

      const errors = await harness.play(function* () {
        return [
          yield* errorOf(harness.connect(4915, options)),
          yield* errorOf(harness.connect(4915, options)),
        ]
      })

      expect(errors).toEqual([reason, reason])
      expect(calls).toEqual(['attempt', 'closed'])
    })

    it('leaves nothing at the signal of a connect that has succeeded', async () => {
      const { signal, abort } = listeningSignal()

      const received = await harness.play(function* () {
        using listener = yield* harness.listen()
        const [client, server] = yield* all([
          harness.connect(listener.address.port, { signal: signal as unknown as AbortSignal }),
          listener.accept(),
        ])
        const left = signal.listeners.size
        abort()
        yield* client.sendall('alive')
        const received = yield* outcome(server.readexactly(5))
        client.close()
        server.close()
        return [left, received]
      })

      expect(received).toEqual([0, 'alive'])
      for (const invalid of [null, 5, {}]) {
        expect(() => void harness.connect(1, { signal: invalid as unknown as AbortSignal })).toThrow(
          TypeError,
        )
      }
    })

    it('keeps both addresses when both sides have ended, and when the connection is closed', async () => {
      const seen = await harness.between(function* (one, other) {
        const before = addresses(one, other)
        one.shutdown()
        other.shutdown()
        yield* all([one.recv(), other.recv()])
        yield* harness.quiet()
        const ended = addresses(one, other)
        one.close()
        other.close()
        yield* all([one.whenClosed(), other.whenClosed()])
        return [before, ended, addresses(one, other)]
      })

      expect(seen[0]).toEqual([seen[0]![0], seen[0]![1], seen[0]![1], seen[0]![0]])
      expect(seen[1]).toEqual(seen[0])
      expect(seen[2]).toEqual(seen[0])
    })

    it('keeps both addresses after a reset', async () => {
      const seen = await harness.between(function* (one, other) {
        const before = addresses(one, other)
        one.abort()
        const received = yield* outcome(other.recv())
        yield* one.whenClosed()
        return [received, before, addresses(one, other)]
      })

      expect(seen[0]).toBe('ConnectionResetError')
      expect(seen[2]).toEqual(seen[1])
    })

    it.runIf(sample.ipv6)('connects to an address with a scope: ::1%lo', async () => {
      const received = await harness.play(function* () {
        using listener = yield* harness.listen(0, { host: '::1' })
        const to = { host: '::1%lo' }
        const [client, server] = yield* all([harness.connect(listener.address.port, to), listener.accept()])
        yield* client.sendall('scoped')
        const received = yield* outcome(server.readexactly(6))
        client.close()
        server.close()
        return received
      })

      expect(received).toBe('scoped')
    })

    it.runIf(sample.ipv6)('listens on an address with a scope: ::1%lo', async () => {
      const received = await harness.play(function* () {
        using listener = yield* harness.listen(0, { host: '::1%lo' })
        const to = { host: '::1' }
        const [client, server] = yield* all([harness.connect(listener.address.port, to), listener.accept()])
        yield* client.sendall('scoped')
        const received = yield* outcome(server.readexactly(6))
        client.close()
        server.close()
        return received
      })

      expect(received).toBe('scoped')
    })
  })
}

/** A signal whose listeners can be counted. */
function listeningSignal() {
  const listeners = new Set<() => void>()
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    listeners,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
  }
  const abort = () => {
    Object.assign(signal, { aborted: true, reason: new Error('aborted') })
    for (const listener of listeners) listener()
  }
  return { signal, abort }
}

function addresses(one: Connection, other: Connection): string[] {
  return [one.localAddress, one.remoteAddress, other.localAddress, other.remoteAddress].map(String)
}
