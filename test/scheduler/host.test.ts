import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { defaultHost, type Host } from '@bluelet/scheduler'
import { afterEach, describe, expect, it, vi } from 'vitest'

// As built, so that it is what an engine would load; it imports nothing.
const source = readFileSync(new URL('../../packages/scheduler/dist/host.js', import.meta.url), 'utf8')

/** The default host of an engine whose global object holds what the language defines and the given things. */
function hostOf(given: Record<string, unknown>): Host {
  return vm.runInNewContext(
    `${source.replaceAll(/^export /gm, '')}
 defaultHost`,
    given,
  )
}

/** Calls that were asked of a stub, to be made by the test. */
function stub(): { calls: unknown[][]; call: (...values: unknown[]) => number } {
  const calls: unknown[][] = []
  return { calls, call: (...values) => calls.push(values) }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('now', () => {
  it('is the monotonic clock of the engine', () => {
    const host = hostOf({ performance: { now: () => 12.5 } })

    expect(host.now()).toBe(12.5)
  })

  it('never goes back where there is only the wall clock', () => {
    const walls = [1000, 1010, 500, 505, 400, 1000]
    const host = vm.runInNewContext(
      `Date.now = () => walls.length > 1 ? walls.shift() : walls[0]
       ${source.replaceAll(/^export /gm, '')}
 defaultHost`,
      { walls },
    ) as Host

    const times = [host.now(), host.now(), host.now(), host.now(), host.now()]

    expect(times).toEqual([...times].sort((a, b) => a - b))
    // Between two readings that go forward the time counts: from 500 to 505.
    expect(times[2]! - times[1]!).toBe(5)
  })
})

describe('soon', () => {
  it('prefers setImmediate', () => {
    const immediate = stub()
    const callback = () => {}

    hostOf({ setImmediate: immediate.call, setTimeout: stub().call }).soon(callback)

    expect(immediate.calls).toEqual([[callback]])
  })

  it('is a message to itself in a browser, in the order of the calls', () => {
    const posted: unknown[] = []
    const port1: { onmessage?: () => void } = {}
    class MessageChannel {
      port1 = port1
      port2 = { postMessage: (message: unknown) => posted.push(message) }
    }
    const called: number[] = []
    const host = hostOf({ MessageChannel, setTimeout: stub().call })

    host.soon(() => called.push(1))
    host.soon(() => called.push(2))
    const before = [...called]
    for (let i = 0; i < posted.length; i++) port1.onmessage?.()

    expect([before, called, posted.length]).toEqual([[], [1, 2], 2])
  })

  it('is a timer of 0 ms where there is nothing better', () => {
    const timeout = stub()
    const callback = () => {}

    hostOf({ setTimeout: timeout.call, queueMicrotask: stub().call }).soon(callback)

    expect(timeout.calls).toEqual([[callback, 0]])
  })

  it('is a microtask in a bare engine', () => {
    const microtask = stub()
    const callback = () => {}

    hostOf({ queueMicrotask: microtask.call }).soon(callback)

    expect(microtask.calls).toEqual([[callback]])
  })

  it('is the reaction of a promise where there is nothing at all', async () => {
    let called = false

    hostOf({}).soon(() => {
      called = true
    })
    const before = called
    await new Promise((resolve) => setImmediate(resolve))

    expect([before, called]).toEqual([false, true])
  })

  it('comes after the promises that are settled', async () => {
    const order: string[] = []

    await new Promise<void>((resolve) => {
      defaultHost.soon(() => {
        order.push('soon')
        resolve()
      })
      void Promise.resolve().then(() => order.push('promise'))
    })

    expect(order).toEqual(['promise', 'soon'])
  })
})

describe('at', () => {
  function engine(now: number) {
    const timeout = stub()
    return { host: hostOf({ performance: { now: () => now }, setTimeout: timeout.call }), timeout }
  }

  it('sets a timer for the milliseconds that are left, rounded up', () => {
    const { host, timeout } = engine(100)
    const callback = () => {}

    host.at(110.2, callback)

    expect(timeout.calls).toEqual([[callback, 11]])
  })

  it('sets one of 0 ms for a time that has passed', () => {
    const { host, timeout } = engine(100)

    host.at(10, () => {})

    expect(timeout.calls[0]?.[1]).toBe(0)
  })

  it.each([2 ** 31, 2 ** 40, Number.MAX_VALUE])(
    'never sets one of %d ms, which the platform would call at once',
    (ms) => {
      const { host, timeout } = engine(100)

      host.at(100 + ms, () => {})

      expect(timeout.calls[0]?.[1]).toBe(2 ** 30)
    },
  )

  it('is taken back by cancel', () => {
    const cleared = stub()
    const host = hostOf({ setTimeout: () => 'timer', clearTimeout: cleared.call })

    host.cancel(host.at(0, () => {}))

    expect(cleared.calls).toEqual([['timer']])
  })
})

describe('report', () => {
  it('prints the error where there is a console', () => {
    const console = stub()
    const error = new Error('reported')

    hostOf({ console: { error: console.call } }).report(error)

    expect(console.calls).toEqual([[error]])
  })

  it('does nothing where there is none', () => {
    expect(() => hostOf({}).report(new Error('reported'))).not.toThrow()
  })
})

describe('onExhausted', () => {
  function engine() {
    const listeners: (() => void)[] = []
    const on = (_event: string, listener: () => void) => listeners.push(listener)
    return { host: hostOf({ process: { on } }), listeners }
  }

  it('calls back at beforeExit, each time', () => {
    const { host, listeners } = engine()
    let called = 0
    host.onExhausted?.(() => called++)

    for (const listener of listeners) listener()
    for (const listener of listeners) listener()

    expect(called).toBe(2)
  })

  it('listens once, however many ask', () => {
    const { host, listeners } = engine()

    for (let i = 0; i < 100; i++) host.onExhausted?.(() => {})

    expect(listeners).toHaveLength(1)
  })

  it('is taken back by what it returns', () => {
    const { host, listeners } = engine()
    let called = 0
    const detach = host.onExhausted?.(() => called++)

    detach?.()
    for (const listener of listeners) listener()

    expect(called).toBe(0)
  })

  it.each([[{}], [{ process: {} }]])('does nothing in an engine with %o', (given) => {
    const host = hostOf(given)

    const detach = host.onExhausted?.(() => {})

    expect(() => detach?.()).not.toThrow()
  })
})
