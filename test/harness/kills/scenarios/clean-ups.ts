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
import { ended, type Stage } from '../harness.js'
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
function* levels(stage: Stage, depth: number): Coroutine<void> {
  try {
    yield pause()
    if (depth > 0) yield stage.guarded(`level ${depth}`, levels(stage, depth - 1))
    else yield sleep(5)
  } finally {
    yield sleep(1)
    yield* call(() => stage.guarded(`clean-up ${depth}`, naps(1)))
  }
}

function cleansUp(title: string, cleanUp: (stage: Stage) => Coroutine): Scenario {
  return { title, play: (stage) => cleaning(() => stage.guarded('clean-up', cleanUp(stage))) }
}

export const cleanUps: readonly Scenario[] = [
  cleansUp('a finally that sleeps', () => naps(3)),
  cleansUp('a finally that calls', (stage) => calling(stage)),
  cleansUp('a finally that spawns and joins', joining),
  cleansUp('a finally that spawns', spawning),
  cleansUp('a finally that races', racing),
  cleansUp('a finally with a group', grouping),
  { title: 'a finally in each of ten callees', play: (stage) => levels(stage, 10) },
  { title: 'a finally within a finally', play: nested },
  { title: 'a finally that kills another', play: killing },
  { title: 'a finally that throws', follows: [CleanUpError], play: throwing },
  { title: 'a finally that hangs after a kill', play: hanging },
  { title: 'a catch that takes Cancelled for something else', play: stubborn },
]

function* calling(stage: Stage): Coroutine<void> {
  yield stage.guarded('called', naps(2))
  yield* call(() => stage.guarded('called again', naps(1)))
}

function* joining(stage: Stage): Coroutine<void> {
  const helper = yield* stage.start('helper', naps(3))
  yield* ended(helper)
}

function* spawning(stage: Stage): Coroutine<void> {
  yield* stage.start(
    'late',
    cleaning(() => naps(2)),
  )
}

function* racing(stage: Stage): Coroutine<void> {
  yield* race([
    stage.guarded(
      'slow',
      cleaning(() => naps(1)),
    ),
    sleep(2),
  ])
  yield* timeout(100, stage.guarded('in time', naps(2)))
  yield* all([sleep(1), stage.guarded('one of all', naps(2))])
}

function* grouping(stage: Stage): Coroutine<void> {
  yield* group(function* (g) {
    yield* g.spawn.with({ name: 'member' }, stage.guarded('member', naps(4)))
    yield* naps(2)
  })
}

function* nested(stage: Stage): Coroutine<void> {
  try {
    try {
      yield sleep(2)
    } finally {
      try {
        yield* stage.guarded('inner', naps(2))
      } finally {
        yield* stage.guarded('innermost', naps(2))
      }
    }
  } finally {
    yield* stage.guarded('outer', naps(2))
  }
}

function* killing(stage: Stage): Coroutine<void> {
  const other = yield* stage.start(
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
function* throwing(stage: Stage): Coroutine<void> {
  const child = yield* stage.start('child', cleaner())
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
function* hanging(stage: Stage): Coroutine<void> {
  const child = yield* stage.start('child', hangs())
  yield* ended(child)

  function* hangs(): Coroutine<void> {
    let done = false
    try {
      yield* naps(3)
      done = true
    } finally {
      if (!done) yield stage.guarded('hanging', never())
    }
  }
}

/** Loops on in spite of everything but `return()`, which the grace period brings. */
function* stubborn(stage: Stage): Coroutine<void> {
  const child = yield* stage.start('child', retrying())
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
