// Tasks whose `finally` has something left to do.
import {
  all,
  Cancelled,
  type Coroutine,
  call,
  group,
  join,
  KilledError,
  kill,
  Latch,
  pause,
  race,
  sleep,
  timeout,
} from '@bluelet/scheduler'
import { ended, type KillHarness } from '../harness.js'
import type { Scenario } from '../plugin.js'

class CleanUpError extends Error {}

/** Works for a while, and then cleans up. */
function* cleaning(cleanUp: () => Coroutine): Coroutine<void> {
  try {
    yield sleep(3)
    yield pause()
  } finally {
    yield* cleanUp()
  }
}

function* naps(n: number): Coroutine<void> {
  for (let i = 0; i < n; i++) yield sleep(1)
}

/** A `finally` on each level, each with something to do. */
function* levels(harness: KillHarness, depth: number): Coroutine<void> {
  try {
    yield pause()
    if (depth > 0) yield harness.guarded(`level ${depth}`, levels(harness, depth - 1))
    else yield sleep(5)
  } finally {
    yield sleep(1)
    yield* call(() => harness.guarded(`clean-up ${depth}`, naps(1)))
  }
}

function cleansUp(title: string, cleanUp: (harness: KillHarness) => Coroutine): Scenario {
  return { title, run: (harness) => cleaning(() => harness.guarded('clean-up', cleanUp(harness))) }
}

export const cleanUps: readonly Scenario[] = [
  cleansUp('a finally that sleeps', () => naps(3)),
  cleansUp('a finally that calls', (harness) => calling(harness)),
  cleansUp('a finally that spawns and joins', joining),
  cleansUp('a finally that spawns', spawning),
  cleansUp('a finally that races', racing),
  cleansUp('a finally with a group', grouping),
  { title: 'a finally in each of ten callees', run: (harness) => levels(harness, 10) },
  { title: 'a finally within a finally', run: nested },
  { title: 'a finally that kills another', run: killing },
  { title: 'a finally that throws', follows: [CleanUpError], run: throwing },
  { title: 'a finally that hangs after a kill', run: hanging },
  { title: 'a catch that takes Cancelled for something else', run: stubborn },
]

function* calling(harness: KillHarness): Coroutine<void> {
  yield harness.guarded('called', naps(2))
  yield* call(() => harness.guarded('called again', naps(1)))
}

function* joining(harness: KillHarness): Coroutine<void> {
  const helper = yield* harness.start('helper', naps(3))
  yield* ended(helper)
}

function* spawning(harness: KillHarness): Coroutine<void> {
  yield* harness.start(
    'late',
    cleaning(() => naps(2)),
  )
}

function* racing(harness: KillHarness): Coroutine<void> {
  yield* race([
    harness.guarded(
      'slow',
      cleaning(() => naps(1)),
    ),
    sleep(2),
  ])
  yield* timeout(100, harness.guarded('in time', naps(2)))
  yield* all([sleep(1), harness.guarded('one of all', naps(2))])
}

function* grouping(harness: KillHarness): Coroutine<void> {
  yield* group(function* (g) {
    yield* g.spawn.with({ name: 'member' }, harness.guarded('member', naps(4)))
    yield* naps(2)
  })
}

function* nested(harness: KillHarness): Coroutine<void> {
  try {
    try {
      yield sleep(2)
    } finally {
      try {
        yield* harness.guarded('inner', naps(2))
      } finally {
        yield* harness.guarded('innermost', naps(2))
      }
    }
  } finally {
    yield* harness.guarded('outer', naps(2))
  }
}

function* killing(harness: KillHarness): Coroutine<void> {
  const other = yield* harness.start(
    'other',
    cleaning(() => naps(3)),
  )
  try {
    yield sleep(1)
  } finally {
    yield* kill(other)
  }
}

/** The error goes to who joins; it comes in place of the kill. */
function* throwing(harness: KillHarness): Coroutine<void> {
  const child = yield* harness.start('child', cleaner())
  try {
    yield* join(child)
  } catch (error) {
    if (!(error instanceof CleanUpError || error instanceof KilledError)) throw error
  }

  function* cleaner(): Coroutine<void> {
    try {
      yield sleep(2)
      yield pause()
    } finally {
      yield sleep(1)
      // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
      throw new CleanUpError()
    }
  }
}

function* never(): Coroutine<void> {
  yield* new Latch().wait()
}

/** The grace period ends it. */
function* hanging(harness: KillHarness): Coroutine<void> {
  const child = yield* harness.start('child', hangs())
  yield* ended(child)

  function* hangs(): Coroutine<void> {
    let done = false
    try {
      yield* naps(3)
      done = true
    } finally {
      if (!done) yield harness.guarded('hanging', never())
    }
  }
}

/** Loops on in spite of everything but `return()`, which the grace period brings. */
function* stubborn(harness: KillHarness): Coroutine<void> {
  const child = yield* harness.start('child', retrying())
  yield* ended(child)

  function* retrying(): Coroutine<void> {
    for (let attempts = 0; attempts < 4; attempts++) {
      try {
        yield sleep(1000)
      } catch (error) {
        if (!(error instanceof Cancelled)) throw error
        attempts = Number.NEGATIVE_INFINITY
      }
    }
  }
}
