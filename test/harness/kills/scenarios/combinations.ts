// Tasks that do several things at once.
import assert from 'node:assert/strict'
import {
  all,
  allSettled,
  Channel,
  type Coroutine,
  type Event,
  type Group,
  group,
  KilledError,
  pause,
  race,
  Semaphore,
  shield,
  sleep,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import { making } from '../../leftovers.js'
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
  { title: 'all with a limit', follows: [Expected], run: limitedAll },
  { title: 'allSettled, of which one fails', follows: [Expected], run: settled },
  { title: 'a group with a limit', run: limitedGroup },
  { title: 'shields', run: shielded },
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
  harness.afterwards(function* () {
    assert.equal(semaphore.permits, 1)
    const values: number[] = []
    while (channel.size > 0) values.push(yield* channel.receive())
    assert.deepEqual(values, [0, 1, 2])
  })
  return main()

  function* main(): Coroutine<void> {
    yield* expecting(taking(7), Expected, KilledError)
    yield* expecting(timed(), TimeoutError, KilledError)
    yield* race([all([semaphore.acquire(), channel.receive(), sleep(20)]), sleep(2)])
  }

  function* taking(ms: number): Coroutine<void> {
    const nested = all([
      channel.receive(),
      timeout(50, channel.receive()),
      race([making(harness.scheduler, 2), sleep(30)]),
    ])
    yield* all([semaphore.acquire(), nested, harness.guarded('failing', failing(ms))])
  }

  function* timed(): Coroutine<void> {
    yield* timeout(4, all([making(harness.scheduler, 1), semaphore.acquire(), sleep(20)]))
  }
}

/** Two of three at once; the values of two are received, and that of the third one is not. */
function* limitedAll(harness: KillHarness): Coroutine<void> {
  const branch = (ms: number) => harness.guarded(`branch ${ms}`, worker(ms, 2))
  const [first] = yield* all([making(harness.scheduler, 3), branch(4), branch(2)], { limit: 2 })
  first[Symbol.dispose]()
  const failed = all([making(harness.scheduler, 1), failing(2), making(harness.scheduler, 9)], { limit: 2 })
  yield* expecting(performing(failed), Expected, KilledError)
}

function* settled(harness: KillHarness): Coroutine<void> {
  const branch = (ms: number) => harness.guarded(`branch ${ms}`, worker(ms, 2))
  const results = yield* allSettled([making(harness.scheduler, 2), branch(5), failing(3)], { limit: 2 })
  for (const result of results)
    if (result.status === 'fulfilled' && typeof result.value === 'object') result.value[Symbol.dispose]()
  yield* race([allSettled([making(harness.scheduler, 1), failing(1), sleep(20)]), sleep(4)])
}

function* limitedGroup(harness: KillHarness): Coroutine<void> {
  yield* group(
    function* (g) {
      for (let ms = 3; ms < 6; ms++)
        yield* g.spawn.with({ name: 'member' }, harness.guarded(`member ${ms}`, worker(ms, 1)))
      yield* sleep(2)
    },
    { limit: 1 },
  )
}

/** A clean-up that a kill lets finish. A value that is made in a shield goes back, too. */
function shielded(harness: KillHarness): Coroutine {
  const semaphore = new Semaphore(1)
  harness.afterwards(function* () {
    assert.equal(semaphore.permits, 1)
  })
  return main()

  function* main(): Coroutine<void> {
    yield* semaphore.acquire()
    try {
      yield* worker(3, 0)
    } finally {
      yield* shield(function* () {
        yield* sleep(2)
        semaphore.release()
      })
    }
    const value = yield* shield(making(harness.scheduler, 3))
    value[Symbol.dispose]()
    yield* race([shield(making(harness.scheduler, 4)), sleep(2)])
  }
}

function* performing(event: Event<unknown>): Coroutine<void> {
  yield event
}
