// SIGINT and SIGTERM: the first is heard by all who listen, the second is the system's.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { onInterrupt } from '../../../../packages/net/src/drivers/node/signals.js'
import { LARGE } from '../../../../vitest.config.js'
import { runScript } from '../../../support/script.js'

const taken: (() => void)[] = []
/** The signals that were raised, and how many then listened to each. */
const raised: unknown[] = []

beforeEach(() => {
  raised.length = 0
  // A real one would end the tests.
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    raised.push([pid, signal, listenerCounts()])
    return true
  })
})
afterEach(() => {
  for (const takeBack of taken.splice(0)) takeBack()
  vi.restoreAllMocks()
})

/** Listens until the end of the test. */
function listening(callback: () => void): () => void {
  const takeBack = onInterrupt(callback)
  taken.push(takeBack)
  return takeBack
}

/** As if it had come. */
function come(signal: NodeJS.Signals): void {
  process.emit(signal, signal)
}

function listenerCounts(): number[] {
  return [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]
}

describe('onInterrupt', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('lets all who listen hear the first signal: %s', (signal) => {
    const heard: string[] = []
    for (const name of ['one', 'other']) listening(() => heard.push(name))

    come(signal)

    expect(heard).toEqual(['one', 'other'])
  })

  it('listens to the process once for all, and no more when the last one is gone', () => {
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

  it('calls nobody who has taken it back', () => {
    const heard: string[] = []
    const one = listening(() => heard.push('one'))
    listening(() => heard.push('other'))

    one()
    one()
    come('SIGTERM')

    expect(heard).toEqual(['other'])
  })

  it('calls everybody although one takes it back as it hears', () => {
    const heard: string[] = []
    const one = listening(() => {
      heard.push('one')
      one()
    })
    listening(() => heard.push('other'))

    come('SIGINT')

    expect(heard).toEqual(['one', 'other'])
  })

  it('takes the same callback twice for two', () => {
    const callback = vi.fn()
    const one = listening(callback)
    listening(callback)

    one()
    come('SIGINT')

    expect(callback).toHaveBeenCalledOnce()
  })

  it.each([
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('raises the second signal again, with nobody who listens: %s, %s', (first, second) => {
    const before = listenerCounts()
    const heard: string[] = []
    listening(() => heard.push('heard'))

    come(first)
    const atFirst = raised.length
    come(second)

    expect(atFirst).toBe(0)
    expect(raised).toEqual([[process.pid, second, before]])
    expect(heard).toEqual(['heard'])
  })

  it('takes the next signal for a first one when nobody has listened in between', () => {
    const heard: string[] = []

    for (const name of ['one', 'another']) {
      const takeBack = listening(() => heard.push(name))
      come('SIGTERM')
      takeBack()
    }

    expect(heard).toEqual(['one', 'another'])
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

  it('ends by SIGTERM with the exit code 0, after its replies', async () => {
    const { code, stdout, stderr } = await runScript(PROGRAM.replaceAll('HANDLER_MS', '100'))

    expect(stderr).toBe('')
    expect(stdout).toBe('whole\nover\n')
    expect(code).toBe(0)
  })

  it('ends by a second SIGTERM at once, by the signal', async () => {
    const begun = performance.now()

    const { code, stdout } = await runScript(PROGRAM.replaceAll('HANDLER_MS', '60000'))

    expect(stdout).toBe('')
    expect(code).toBeNull()
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
