// The causes of a shutdown: an AbortSignal, an interrupt of the process, an error of `onListening`.
import { connect, server } from '@bluelet/net'
import { type Driver, nodeDriver } from '@bluelet/net/driver'
import { simulate } from '@bluelet/net/testing'
import { join, kill, Latch, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/deadline.js'
import { dial, type Peer } from '../../support/peer.js'
import { fateOf, serve } from '../serving.js'
import { echoer } from '../simulated-pair.js'
import { driverLike, errorOf, HOUR_MS, LOOPBACK, likeObject, play, thrownBy } from '../world.js'
import { ending, timeTo } from './shutdowns.js'

/** A driver whose interrupts the test triggers. */
class Interrupts {
  readonly driver: Driver
  readonly callbacks = new Set<() => void>()
  added = 0

  constructor(driver: Driver) {
    this.driver = likeObject(driver, {
      onInterrupt: (callback) => {
        this.added++
        this.callbacks.add(callback)
        return () => this.callbacks.delete(callback)
      },
    })
  }

  trigger(): void {
    for (const callback of [...this.callbacks]) callback()
  }
}

describe('a server with a signal', () => {
  it.each(['already', 'before its first step'])(
    'that was aborted %s never listens, and returns',
    async (when) => {
      const log: string[] = []

      await simulate(function* (world) {
        const driver = likeObject<Driver>(world.network, {
          listen: (target, done) => {
            log.push('listen')
            return world.network.listen(target, done)
          },
        })
        const controller = new AbortController()
        if (when === 'already') controller.abort()
        const onListening = () => void log.push('listening')
        const serving = server('', 0, echoer, { signal: controller.signal, driver, onListening })
        controller.abort()
        yield* serving
      })

      expect(log).toEqual([])
    },
  )

  it('that is aborted before it listens returns, and leaves nothing open', async () => {
    const { descriptors, again } = await simulate(function* (world) {
      const controller = new AbortController()
      const task = yield* spawn(server('localhost', 4915, echoer, { signal: controller.signal }))
      yield* sleep(0.5)
      controller.abort()
      yield* join(task)
      const { descriptors } = world.network
      const again = yield* spawn(server('localhost', 4915, echoer))
      yield* sleep(5)
      return { descriptors, again: again.outcome }
    })

    expect(descriptors).toBe(0)
    expect(again).toBeUndefined()
  })

  it('that is aborted during the look-up of its host does not wait for the look-up', async () => {
    const ms = await simulate(
      function* (world) {
        const controller = new AbortController()
        const task = yield* spawn(server('slow', 0, echoer, { signal: controller.signal }))
        yield* sleep(10)
        controller.abort()
        yield* race([join(task), sleep(HOUR_MS)])
        return world.now()
      },
      { names: { slow: 'hang' } },
    )

    expect(ms).toBe(10)
  })

  it('returns when it is aborted, and a new client is refused', async () => {
    const { outcome, error, descriptors } = await simulate(function* (world) {
      const { controller, task, port } = yield* ending(echoer)
      controller.abort(new Error('this is not reported'))
      yield* join(task)
      const error = yield* errorOf(connect(LOOPBACK, port))
      return { outcome: task.outcome, error, descriptors: world.network.descriptors }
    })

    expect(outcome).toEqual({ kind: 'returned', value: undefined })
    expect(error.code).toBe('ECONNREFUSED')
    expect(descriptors).toBe(0)
  })

  it.each(['abort', 'kill'])('removes its listener from the signal at its end, by %s', async (how) => {
    const controller = new AbortController()
    const { signal } = controller
    const listeners = new Set<unknown>()
    const watched = {
      get aborted() {
        return signal.aborted
      },
      get reason() {
        return signal.reason
      },
      addEventListener(type: 'abort', listener: () => void) {
        listeners.add(listener)
        signal.addEventListener(type, listener)
      },
      removeEventListener(type: 'abort', listener: () => void) {
        listeners.delete(listener)
        signal.removeEventListener(type, listener)
      },
    }

    const during = await simulate(function* () {
      const { task } = yield* serve(echoer, { signal: watched })
      const during = listeners.size
      if (how === 'abort') controller.abort()
      else yield* kill(task)
      while (task.outcome === undefined) yield* sleep(10)
      return during
    })

    expect(during).toBe(1)
    expect(listeners.size).toBe(0)
  })

  it('ends while its limit is reached, and while accepting fails', async () => {
    let fails = false

    const { seat, failing } = await simulate(
      function* (world) {
        const busy = yield* ending(
          function* () {
            yield* sleep(1000)
          },
          { maxConnections: 1 },
        )
        const conn = yield* connect(LOOPBACK, busy.port)
        const waiting = yield* connect(LOOPBACK, busy.port)
        yield* sleep(10)
        busy.controller.abort()
        const seat = yield* timeTo(world, busy.task)
        const fate = yield* fateOf(waiting)
        conn.abort()

        const failing = yield* ending(echoer)
        // From here on every accept fails.
        fails = true
        const unserved = yield* connect(LOOPBACK, failing.port)
        yield* sleep(210)
        failing.controller.abort()
        const ms = yield* timeTo(world, failing.task)
        fails = false
        return { seat: { ms: seat, fate }, failing: { ms, fate: yield* fateOf(unserved) } }
      },
      { fault: ({ kind }) => (fails && kind === 'accept' ? 'EMFILE' : undefined) },
    )

    expect(seat.ms).toBeLessThan(1000)
    expect(seat.ms).toBeGreaterThan(900)
    expect(seat.fate).toBe('|ConnectionResetError')
    expect(failing.ms).toBeLessThan(20)
    expect(failing.fate).toBe('|ConnectionResetError')
  })
})

describe('a server that handles interrupts', () => {
  it('returns, and stops handling them', async () => {
    const { outcome, during, after, asked } = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { task } = yield* serve(echoer, { driver: interrupts.driver })
      const during = interrupts.callbacks.size
      interrupts.trigger()
      yield* join(task)
      return { outcome: task.outcome, during, after: interrupts.callbacks.size, asked: interrupts.added }
    })

    expect(outcome).toEqual({ kind: 'returned', value: undefined })
    expect([during, after, asked]).toEqual([1, 0, 1])
  })

  it('lets its handlers finish', async () => {
    const fate = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { port, task } = yield* serve(
        function* (conn) {
          yield* sleep(1000)
          yield* conn.sendall('done')
        },
        { driver: interrupts.driver },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      interrupts.trigger()
      const fate = yield* fateOf(conn)
      yield* join(task)
      return fate
    })

    expect(fate).toBe('done|end')
  })

  it('handles them until its last handler has ended, and leaves a second one to the driver', async () => {
    const { during, after } = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { port, task } = yield* serve(
        function* () {
          yield* sleep(1000)
        },
        { driver: interrupts.driver },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      interrupts.trigger()
      yield* sleep(500)
      const during = interrupts.callbacks.size
      conn.close()
      yield* join(task)
      return { during, after: interrupts.callbacks.size }
    })

    expect([during, after]).toEqual([1, 0])
  })

  it('stops handling them after a kill that did not wait for its clean-up', async () => {
    const left = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { task, port } = yield* serve(
        function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            yield* sleep(HOUR_MS)
          }
        },
        { driver: interrupts.driver },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      yield* kill(task, { grace: 100 })
      conn.abort()
      return interrupts.callbacks.size
    })

    expect(left).toBe(0)
  })

  it('calls the driver as a method, since it may be an object with fields', async () => {
    const callbacks = await simulate(function* (world) {
      const { network } = world
      const driver = {
        name: 'with a field',
        listeners: new Set<() => void>(),
        lookup: network.lookup.bind(network),
        connect: network.connect.bind(network),
        listen: network.listen.bind(network),
        onInterrupt(callback: () => void) {
          this.listeners.add(callback)
          return () => this.listeners.delete(callback)
        },
      }
      const { task } = yield* serve(echoer, { driver })
      const callbacks = driver.listeners.size
      yield* kill(task)
      return callbacks
    })

    expect(callbacks).toBe(1)
  })

  it.each([null, {}, 'SIGTERM', () => {}])('refuses %s in place of an AbortSignal, at the call', (signal) => {
    expect(() => server('', 0, echoer, { signal: signal as unknown as AbortSignal })).toThrow(
      /^server: signal: expected an AbortSignal, got /,
    )
  })

  it('ignores them with signals: false', async () => {
    const asked = await simulate(function* (world) {
      const interrupts = new Interrupts(world.network)
      const { task } = yield* serve(echoer, { driver: interrupts.driver, signals: false })
      yield* kill(task)
      return interrupts.added
    })

    expect(asked).toBe(0)
  })

  it.each(['kill', 'signal', 'onListening that throws'])(
    'stops handling them after an end by %s',
    async (how) => {
      const left = await simulate(function* (world) {
        const interrupts = new Interrupts(world.network)
        const { driver } = interrupts
        if (how === 'onListening that throws') {
          const onListening = () => {
            throw new Error('not now')
          }
          yield* thrownBy(server(LOOPBACK, 0, echoer, { driver, onListening }))
        } else {
          const { task, controller } = yield* ending(echoer, { driver })
          if (how === 'signal') controller.abort()
          else yield* kill(task)
          while (task.outcome === undefined) yield* sleep(10)
        }
        return interrupts.callbacks.size
      })

      expect(left).toBe(0)
    },
  )
})

describe('a server whose onListening throws', () => {
  it('throws that error, and stops listening', async () => {
    const { error, refused, descriptors } = await simulate(function* (world) {
      let port = 0
      const error = yield* thrownBy(
        server(LOOPBACK, 0, echoer, {
          onListening: ({ address }) => {
            port = address.port
            throw new Error('not now')
          },
        }),
      )
      const refused = yield* errorOf(connect(LOOPBACK, port))
      return { error, refused, descriptors: world.network.descriptors }
    })

    expect(String(error)).toBe('Error: not now')
    expect(refused.code).toBe('ECONNREFUSED')
    expect(descriptors).toBe(0)
  })
})

describe('a server over real sockets that is interrupted', () => {
  it('ends, and the process handles signals as before', async () => {
    const interrupts = new Interrupts(driverLike(nodeDriver, {}))
    const before = process.listenerCount('SIGTERM')

    const { text, during } = await play(function* () {
      const gate = new Latch()
      let received = false
      const { task, port } = yield* serve(
        function* (conn) {
          yield* conn.recv()
          received = true
          yield* gate.wait()
          yield* conn.sendall('whole')
        },
        { driver: interrupts.driver },
      )
      const peer: Peer = yield dial(port)
      peer.write('x')
      yield until('its first message has come', () => received)
      const during = process.listenerCount('SIGTERM')
      interrupts.trigger()
      gate.open()
      yield peer.finish()
      peer.socket.destroy()
      yield* race([join(task), sleep(3000)])
      return { text: peer.text, during }
    })

    expect(text).toBe('whole')
    expect(during).toBe(before)
  })

  it('handles the signal of the process, unless told not to', async () => {
    const before = process.listenerCount('SIGTERM')

    const counts = await play(function* () {
      const first = yield* serve(echoer)
      const second = yield* serve(echoer)
      const deaf = yield* serve(echoer, { signals: false })
      const counts = [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]
      yield* kill(first.task)
      yield* kill(deaf.task)
      counts.push(process.listenerCount('SIGTERM'))
      process.emit('SIGTERM', 'SIGTERM')
      yield* join(second.task)
      counts.push(process.listenerCount('SIGTERM'))
      return counts
    })

    expect(counts.map((count) => count - before)).toEqual([1, 1, 1, 0])
  })
})
