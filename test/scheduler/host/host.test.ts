import { defaultHost, type Host } from '@bluelet/scheduler/lowlevel'
import { afterEach, describe, expect, it, vi } from 'vitest'

/** The globals that the host uses. */
const LOOKED_FOR = [
  'performance',
  'setImmediate',
  'MessageChannel',
  'setTimeout',
  'clearTimeout',
  'queueMicrotask',
  'console',
  'process',
] as const

type Engine = Partial<Record<(typeof LOOKED_FOR)[number], unknown>>

/**
 * The default host of an engine that has only the given globals, out of those that the host uses: a
 * copy of the host's module, loaded and called while all the other globals are hidden.
 */
async function hostOf(given: Engine): Promise<Host> {
  vi.resetModules()
  // The test runner needs a process while it loads; the host does not read it then.
  const back = become({ ...given, process })
  const { defaultHost: host } = await import('../../../packages/scheduler/src/host/default-host.js').finally(
    back,
  )
  // No other test may get this copy.
  vi.resetModules()
  return new Proxy(host, {
    get: (_host, name: keyof Host) => {
      const member: unknown = host[name]
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        const back = become(given)
        try {
          return member.apply(host, args)
        } finally {
          back()
        }
      }
    },
  })
}

/** Makes the global object that of another engine. */
function become(given: Engine): () => void {
  for (const name of LOOKED_FOR) vi.stubGlobal(name, given[name])
  return () => vi.unstubAllGlobals()
}

/** A stub that records the callbacks passed to it, which the test calls. */
function stub(): { calls: unknown[][]; call: (...values: unknown[]) => number } {
  const calls: unknown[][] = []
  return { calls, call: (...values) => calls.push(values) }
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('now', () => {
  it('is the monotonic clock of the engine', async () => {
    const host = await hostOf({ performance: { now: () => 12.5 } })

    expect(host.now()).toBe(12.5)
  })

  it('never goes back where there is only the wall clock, and advances with it', async () => {
    let wall = 1000
    vi.spyOn(Date, 'now').mockImplementation(() => wall)
    const host = await hostOf({})

    const times = [1010, 500, 505, 400, 1000].map((now) => {
      wall = now
      return host.now()
    })

    expect(times).toEqual([1010, 1010, 1015, 1015, 1615])
  })
})

describe('soon', () => {
  it('prefers setImmediate', async () => {
    const immediate = stub()
    const callback = () => {}
    const host = await hostOf({ setImmediate: immediate.call, setTimeout: stub().call })

    host.soon(callback)

    expect(immediate.calls).toEqual([[callback]])
  })

  it('reads no MessageChannel where there is setImmediate: in Node this loads a module', async () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'MessageChannel')!
    let reads = 0
    Object.defineProperty(globalThis, 'MessageChannel', { configurable: true, get: () => reads++ })
    vi.resetModules()

    await import('../../../packages/scheduler/src/host/default-host.js')

    Object.defineProperty(globalThis, 'MessageChannel', own)
    vi.resetModules()
    expect(reads).toBe(0)
  })

  it('posts a message to itself in a browser, in the order of the calls', async () => {
    const posted: unknown[] = []
    const port1: { onmessage?: () => void } = {}
    class MessageChannel {
      port1 = port1
      port2 = { postMessage: (message: unknown) => posted.push(message) }
    }
    const called: number[] = []
    const host = await hostOf({ MessageChannel, setTimeout: stub().call })

    host.soon(() => called.push(1))
    host.soon(() => called.push(2))
    const before = [...called]
    for (let i = 0; i < posted.length; i++) port1.onmessage?.()

    expect([before, called, posted.length]).toEqual([[], [1, 2], 2])
  })

  it('keeps the process alive by that message only until it has arrived', async () => {
    const log: string[] = []
    const port1: Record<string, () => void> = {
      ref: () => log.push('ref'),
      unref: () => log.push('unref'),
    }
    class MessageChannel {
      port1 = port1
      port2 = { postMessage: (message: unknown) => log.push(`post ${message}`) }
    }
    const host = await hostOf({ MessageChannel })

    host.soon(() => log.push('first'))
    host.soon(() => log.push('second'))
    port1.onmessage!()
    port1.onmessage!()
    port1.onmessage!()

    expect(log).toEqual([
      'unref',
      ...['ref', 'post null', 'ref', 'post null'],
      ...['first', 'unref', 'second'],
    ])
  })

  it('uses a timer of 0 ms where there is nothing better', async () => {
    const timeout = stub()
    const callback = () => {}
    const host = await hostOf({ setTimeout: timeout.call, queueMicrotask: stub().call })

    host.soon(callback)

    expect(timeout.calls).toEqual([[callback, 0]])
  })

  it('uses a microtask in a bare engine', async () => {
    const microtask = stub()
    const callback = () => {}
    const host = await hostOf({ queueMicrotask: microtask.call })

    host.soon(callback)

    expect(microtask.calls).toEqual([[callback]])
  })

  it('uses the reaction of a promise where there is nothing else', async () => {
    let called = false
    const host = await hostOf({})

    host.soon(() => {
      called = true
    })
    const before = called
    await new Promise((resolve) => setImmediate(resolve))

    expect([before, called]).toEqual([false, true])
  })

  it('calls back after the promises that are settled', async () => {
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
  async function engine(now: number) {
    const timeout = stub()
    return { host: await hostOf({ performance: { now: () => now }, setTimeout: timeout.call }), timeout }
  }

  it('sets a timer for the remaining milliseconds, rounded up', async () => {
    const { host, timeout } = await engine(100)
    const callback = () => {}

    host.at(110.2, callback)

    expect(timeout.calls).toEqual([[callback, 11]])
  })

  it('sets a timer of 0 ms for a time that has passed', async () => {
    const { host, timeout } = await engine(100)

    host.at(10, () => {})

    expect(timeout.calls[0]?.[1]).toBe(0)
  })

  it.each([2 ** 31, 2 ** 40, Number.MAX_VALUE])(
    'never sets a timer of %d ms, which the platform would fire at once',
    async (ms) => {
      const { host, timeout } = await engine(100)

      host.at(100 + ms, () => {})

      expect(timeout.calls[0]?.[1]).toBe(2 ** 30)
    },
  )

  it('throws where there are no timers, and says that a host with timers is needed', async () => {
    const host = await hostOf({})

    expect(() => host.at(0, () => {})).toThrow(
      'this environment has no timers: give the scheduler a host with an at() of its own',
    )
  })

  it('is undone by cancel', async () => {
    const cleared = stub()
    const host = await hostOf({ setTimeout: () => 'timer', clearTimeout: cleared.call })

    host.cancel(host.at(0, () => {}))

    expect(cleared.calls).toEqual([['timer']])
  })
})

describe('cancel', () => {
  it('does nothing where there are no timers', async () => {
    const host = await hostOf({})

    expect(() => host.cancel(undefined)).not.toThrow()
  })
})

describe('report', () => {
  it('prints the error where there is a console', async () => {
    const console = stub()
    const error = new Error('reported')
    const host = await hostOf({ console: { error: console.call } })

    host.report(error)

    expect(console.calls).toEqual([[error]])
  })

  it('does nothing where there is no console', async () => {
    const host = await hostOf({})

    expect(() => host.report(new Error('reported'))).not.toThrow()
  })
})

describe('onIdle', () => {
  async function engine() {
    const listeners: (() => void)[] = []
    const on = (event: string, listener: () => void) => event === 'beforeExit' && listeners.push(listener)
    return { host: await hostOf({ process: { on } }), listeners }
  }

  it('calls back at each beforeExit', async () => {
    const { host, listeners } = await engine()
    let called = 0
    host.onIdle?.(() => called++)

    for (const listener of listeners) listener()
    for (const listener of listeners) listener()

    expect(called).toBe(2)
  })

  it('adds one listener, however many callers there are', async () => {
    const { host, listeners } = await engine()

    for (let i = 0; i < 100; i++) host.onIdle?.(() => {})

    expect(listeners).toHaveLength(1)
  })

  it('is undone by the function that it returns', async () => {
    const { host, listeners } = await engine()
    let called = 0
    const detach = host.onIdle?.(() => called++)

    detach?.()
    for (const listener of listeners) listener()

    expect(called).toBe(0)
  })

  it.each([[{}], [{ process: {} }]])('does nothing in an engine with %o', async (given) => {
    const host = await hostOf(given)

    const detach = host.onIdle?.(() => {})

    expect(() => detach?.()).not.toThrow()
  })
})
