// The inspector of this thread, which it cannot pause. In the long suite, since a debugger spoils
// the figures of coverage.
import { Session } from 'node:inspector'
import { afterEach, describe, expect, it } from 'vitest'
import type { Inspection, InspectorSession } from '../../../packages/net/src/monitor/inspector.js'
import { InspectorQueue } from '../../../packages/net/src/monitor/inspector-queue.js'
import { placesOf } from '../../../packages/net/src/monitor/places.js'

const KEY = '__monitorTest'

afterEach(() => {
  Reflect.deleteProperty(globalThis, KEY)
})

function openHere(): InspectorSession {
  const session = new Session()
  session.connect()
  return session as InspectorSession
}

/** What is made with the inspector of this thread. */
function inspected(make: (inspection: Inspection) => Promise<readonly string[]>): Promise<readonly string[]> {
  return new InspectorQueue(openHere).lines(make)
}

/** The places of coroutines, each named by its index. */
function placesIn(coroutines: readonly unknown[], locals = true): Promise<readonly string[]> {
  const pairs = coroutines.flatMap((coroutine, i) => [`task#${i}`, coroutine])
  Object.defineProperty(globalThis, KEY, { value: pairs, configurable: true })
  return inspected((inspection) => placesOf(inspection, KEY, locals))
}

/** A generator that has begun. */
function begun<G extends Iterator<unknown>>(generator: G): G {
  generator.next()
  return generator
}

describe('placesOf', () => {
  it('gives the lines and the variables of suspended coroutines', async () => {
    function* waiter(n: number) {
      const list = [1, 2]
      for (const word of ['hello']) {
        const call = () => n
        yield [word, list, call]
      }
    }

    const lines = await placesIn([begun(waiter(8)), waiter(9)])

    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatch(/^task#0 in waiter at \/.*inspector\.long\.ts:\d+:\d+$/)
    expect(lines[1]).toContain('call = a function')
    expect(lines[1]).toContain('word = "hello"')
    expect(lines[1]).toContain('list = Array(2) {0: 1, 1: 2}')
    expect(lines[1]).toContain('n = 8')
    expect(lines[3]).toContain('n = 9')
  })

  it('gives no variables unless that is allowed', async () => {
    function* waiter() {
      const secret = 1
      yield secret
    }

    expect(await placesIn([begun(waiter())], false)).toEqual([
      expect.stringMatching(/^task#0 in waiter at .*:\d+:\d+$/),
    ])
  })

  it('cuts long values, and says what it cannot show', async () => {
    function* waiter() {
      const big = { text: 'x'.repeat(500), b: 2, c: 3, d: 4, e: 5, f: 6, g: { deep: 1 } }
      const long = 'y'.repeat(500)
      yield [big, long]
    }
    const running = (function* () {
      yield* placesIn.name
    })()
    running.return()

    const lines = await placesIn([begun(waiter()), running, { next() {} }, 7])

    expect(lines[1]).toMatch(/big = Object \{.*\.\.\./)
    expect(lines[1]).toMatch(/long = "y{79}\.\.\./)
    expect(lines.slice(2)).toEqual([
      'task#1 closed',
      'task#2: its coroutine is no generator',
      'task#3: its coroutine is no generator',
    ])
  })
})

describe('Inspection', () => {
  it('evaluates, and throws what the expression throws', async () => {
    expect(await inspected(async (inspection) => [`${await inspection.evaluate('6 * 7')}`])).toEqual(['42'])
    expect(await inspected(async (inspection) => [`${await inspection.evaluate('nothing.at.all')}`])).toEqual(
      [expect.stringMatching(/^no lines: ReferenceError: nothing is not defined/)],
    )
  })
})
