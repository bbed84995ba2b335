// SIGINT and SIGTERM: the first goes to every callback, the second to the system.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { onInterrupt } from '../../../../packages/net/src/drivers/node/signals.js'
import { runScript } from '../../../support/script.js'
import { LARGE } from '../../../support/tags.js'

const taken: (() => void)[] = []
/** The signals that were raised, and the number of their listeners at that time. */
const raised: unknown[] = []

beforeEach(() => {
  raised.length = 0
  // A real signal would end the tests.
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    raised.push([pid, signal, listenerCounts()])
    return true
  })
})
afterEach(() => {
  for (const takeBack of taken.splice(0)) takeBack()
  vi.restoreAllMocks()
})

/** Adds a callback until the end of the test. */
function listening(callback: () => void): () => void {
  const takeBack = onInterrupt(callback)
  taken.push(takeBack)
  return takeBack
}

/** Simulates the arrival of a signal. */
function arrive(signal: NodeJS.Signals): void {
  process.emit(signal, signal)
}

function listenerCounts(): number[] {
  return [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]
}

describe('onInterrupt', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('calls every callback for the first signal: %s', (signal) => {
    const called: string[] = []
    for (const name of ['one', 'other']) listening(() => called.push(name))

    arrive(signal)

    expect(called).toEqual(['one', 'other'])
  })

  it('loads no module for them, and needs no main thread', () => {
    const modules = vi.spyOn(process, 'getBuiltinModule')

    listening(() => {})

    expect(modules).not.toHaveBeenCalled()
  })

  it('adds one listener to the process, and removes it with the last callback', () => {
    const before = listenerCounts()

    const one = listening(() => {})
    const first = listenerCounts()
    const other = listening(() => {})
    const both = listenerCounts()
    one()
    const last = listenerCounts()
    other()

    const once = before.map((count) => count + 1)
    expect([first, both, last]).toEqual([once, once, once])
    expect(listenerCounts()).toEqual(before)
  })

  it('does not call a removed callback', () => {
    const called: string[] = []
    const one = listening(() => called.push('one'))
    listening(() => called.push('other'))

    one()
    one()
    arrive('SIGTERM')

    expect(called).toEqual(['other'])
  })

  it('calls every callback, even if one removes itself when called', () => {
    const called: string[] = []
    const one = listening(() => {
      called.push('one')
      one()
    })
    listening(() => called.push('other'))

    arrive('SIGINT')

    expect(called).toEqual(['one', 'other'])
  })

  it('treats the same callback added twice as two', () => {
    const callback = vi.fn()
    const one = listening(callback)
    listening(callback)

    one()
    arrive('SIGINT')

    expect(callback).toHaveBeenCalledOnce()
  })

  it.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('raises the second signal again, without listeners: %s, %s', (first, second) => {
    const before = listenerCounts()
    const called: string[] = []
    listening(() => called.push('called'))

    arrive(first)
    const atFirst = raised.length
    arrive(second)

    expect(atFirst).toBe(0)
    expect(raised).toEqual([[process.pid, second, before]])
    expect(called).toEqual(['called'])
  })

  it('treats the next signal as a first one if there was no callback in between', () => {
    const called: string[] = []

    for (const name of ['one', 'another']) {
      const takeBack = listening(() => called.push(name))
      arrive('SIGTERM')
      takeBack()
    }

    expect(called).toEqual(['one', 'another'])
    expect(raised).toEqual([])
  })
})

describe('a process with a server', { tags: [LARGE.name] }, () => {
  const PROGRAM = `
    import { connect, server } from '@bluelet/net'
    import { Latch, run, sleep, spawn } from '@bluelet/scheduler'

    let port = 0
    const listening = new Latch()

    function* handler(conn) {
      yield* conn.readline()
      yield* sleep(HANDLER_MS)
      yield* conn.sendall('whole')
    }

    await run(function* () {
      const onListening = ({ address }) => {
        port = address.port
        listening.open()
      }
      yield* spawn(server('127.0.0.1', 0, handler, { onListening }))
      yield* listening.wait()
      const conn = yield* connect('127.0.0.1', port)
      yield* conn.sendall('request\\n')
      yield* sleep(20)
      process.kill(process.pid, 'SIGTERM')
      yield* sleep(20)
      if (HANDLER_MS > 1000) process.kill(process.pid, 'SIGTERM')
      console.log(String(yield* conn.readall()))
      conn.close()
    })
    console.log('over')
  `

  it('ends on SIGTERM with the exit code 0, after its replies', async () => {
    const { code, stdout, stderr } = await runScript(PROGRAM.replaceAll('HANDLER_MS', '100'))

    expect(stderr).toBe('')
    expect(stdout).toBe('whole\nover\n')
    expect(code).toBe(0)
  })

  it('is terminated at once by a second SIGTERM', async () => {
    const begun = performance.now()

    const { code, stdout } = await runScript(PROGRAM.replaceAll('HANDLER_MS', '60000'))

    expect(stdout).toBe('')
    expect(code).toBeNull()
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
