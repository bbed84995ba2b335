// Tasks that do several things at once.
import assert from 'node:assert/strict'
import {
  all,
  Channel,
  type Coroutine,
  type Group,
  group,
  KilledError,
  pause,
  race,
  Semaphore,
  sleep,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import { ended, type KillHarness } from '../harness.js'
import type { Scenario } from '../plugin.js'

/** Works for some time, then cleans up for some more. */
function* worker(ms: number, cleanUpMs: number): Coroutine<number> {
  try {
    yield sleep(ms)
    yield pause()
    return ms
  } finally {
    if (cleanUpMs > 0) yield sleep(cleanUpMs)
  }
}

class Expected extends Error {}

function* failing(ms: number): Coroutine<never> {
  yield sleep(ms)
  throw new Expected()
}

/** Performs something that may fail by itself, so that its callers need not catch that. */
function* expecting(body: Coroutine, ...known: readonly (new (...args: any[]) => Error)[]): Coroutine<void> {
  try {
    yield* body
  } catch (error) {
    if (!known.some((kind) => error instanceof kind)) throw error
  }
}

export const combinations: readonly Scenario[] = [
  { title: 'a race of a coroutine and a sleep', run: (harness) => racing(harness, 10, 5) },
  { title: 'a race that a coroutine wins', run: (harness) => racing(harness, 5, 10) },
  { title: 'a race of races', run: racesOfRaces },
  { title: 'all of several coroutines', run: allOf },
  { title: 'all, of which one fails', follows: [Expected], run: allFailing },
  { title: 'a timeout that is kept', run: (harness) => limited(harness, 20) },
  { title: 'a timeout that is up', run: (harness) => limited(harness, 4) },
  { title: 'timeouts within timeouts', run: nestedTimeouts },
  { title: 'a group', run: (harness) => grouped(harness, 0) },
  { title: 'a group, of which one fails', follows: [Expected], run: groupFailing },
  { title: 'groups within groups', run: (harness) => grouped(harness, 2) },
  { title: 'a race of groups', run: raceOfGroups },
  { title: 'all, whose values are not received', follows: [Expected], run: takingBack },
]

function* racing(harness: KillHarness, workMs: number, sleepMs: number): Coroutine<void> {
  for (let i = 0; i < 3; i++) yield* race([harness.guarded('work', worker(workMs, i)), sleep(sleepMs)])
}

function* racesOfRaces(harness: KillHarness): Coroutine<void> {
  const branch = (ms: number) => harness.guarded(`branch ${ms}`, worker(ms, 2))
  const slower = race([branch(8), sleep(9), race([branch(7), sleep(6)])])
  yield* race([branch(10), slower, all([branch(4), sleep(12)])])
  yield pause()
}

function* allOf(harness: KillHarness): Coroutine<void> {
  const branch = (ms: number) => harness.guarded(`branch ${ms}`, worker(ms, 3))
  const [a, b] = yield* all([branch(3), branch(9), sleep(5), race([branch(6), branch(7)])])
  if (a + b !== 12) throw new Error(`expected 12, got ${a} + ${b}`)
}

function* allFailing(harness: KillHarness): Coroutine<void> {
  const branches = (function* () {
    yield* all([harness.guarded('worker', worker(9, 3)), harness.guarded('failing', failing(4)), sleep(20)])
  })()
  yield* expecting(branches, Expected, KilledError)
}

function* limited(harness: KillHarness, ms: number): Coroutine<void> {
  const work = (function* () {
    yield* timeout(ms, harness.guarded('work', worker(8, 3)))
  })()
  yield* expecting(work, TimeoutError, KilledError)
  yield pause()
}

function* nestedTimeouts(harness: KillHarness): Coroutine<void> {
  const inner = (function* () {
    yield* timeout(5, harness.guarded('inner', worker(50, 2)))
  })()
  const middle = harness.guarded('middle', expecting(inner, TimeoutError, KilledError))
  const outer = (function* () {
    yield* timeout(30, middle)
    yield* timeout(10, race([sleep(40), harness.guarded('late', worker(40, 1))]))
  })()
  yield* expecting(outer, TimeoutError, KilledError)
}

function* grouped(harness: KillHarness, depth: number): Coroutine<void> {
  yield* group(body)

  function* body(g: Group): Coroutine<void> {
    yield* g.spawn.with({ name: 'member' }, harness.guarded(`short ${depth}`, worker(4, 2)))
    yield* g.spawn.with({ name: 'member' }, harness.guarded(`long ${depth}`, worker(9, 2)))
    if (depth > 0) yield harness.guarded(`inner ${depth}`, grouped(harness, depth - 1))
    yield sleep(6)
  }
}

function* groupFailing(harness: KillHarness): Coroutine<void> {
  const scope = (function* () {
    yield* group(function* (g) {
      yield* g.spawn.with({ name: 'member' }, harness.guarded('worker', worker(20, 4)))
      yield* g.spawn.with({ name: 'member' }, harness.guarded('failing', failing(5)))
      yield* harness.guarded('body', worker(30, 1))
    })
  })()
  yield* expecting(scope, Expected, KilledError)
}

function* raceOfGroups(harness: KillHarness): Coroutine<void> {
  const contender = (ms: number) =>
    group(function* (g) {
      const member = yield* g.spawn.with({ name: 'member' }, harness.guarded(`member ${ms}`, worker(ms, 2)))
      yield* ended(member)
      return ms
    })
  yield* race([contender(10), contender(5), sleep(12)])
}

/**
 * A value that is made and neither received nor disposed of leaks; so does one that is disposed of
 * twice.
 */
function takingBack(harness: KillHarness): Coroutine {
  const semaphore = new Semaphore(1)
  const channel = new Channel<number>()
  for (let i = 0; i < 3; i++) channel.trySend(i)
  let open = 0
  harness.afterwards(function* () {
    assert.equal(semaphore.permits, 1)
    const values: number[] = []
    while (channel.size > 0) values.push(yield* channel.receive())
    assert.deepEqual(values, [0, 1, 2])
    assert.equal(open, 0)
  })
  return main()

  function* main(): Coroutine<void> {
    yield* expecting(taking(7), Expected, KilledError)
    yield* expecting(timed(), TimeoutError, KilledError)
    yield* race([all([semaphore.acquire(), channel.receive(), sleep(20)]), sleep(2)])
  }

  function* taking(ms: number): Coroutine<void> {
    const nested = all([channel.receive(), timeout(50, channel.receive()), race([making(2), sleep(30)])])
    yield* all([semaphore.acquire(), nested, harness.guarded('failing', failing(ms))])
  }

  function* timed(): Coroutine<void> {
    yield* timeout(4, all([making(1), semaphore.acquire(), sleep(20)]))
  }

  function* making(ms: number): Coroutine<Disposable> {
    yield* sleep(ms)
    open++
    return { [Symbol.dispose]: () => void open-- }
  }
}
