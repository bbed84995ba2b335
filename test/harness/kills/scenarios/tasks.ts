// Tasks that wait, call, spawn, join and kill.
import {
  type Coroutine,
  call,
  type Event,
  end,
  kill,
  pause,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { ended, type KillHarness } from '../harness.js'
import type { Scenario } from '../plugin.js'

const DEPTH = 50

/** Sleeps on each level, on the way down and on the way up. */
function* descend(harness: KillHarness, depth: number, how: 'yield' | 'yield*' | 'mixed'): Coroutine<number> {
  yield sleep(1)
  if (depth === 0) return 0
  const deeper = () => harness.guarded(`level ${depth - 1}`, descend(harness, depth - 1, how))
  let below: number
  if (how === 'yield') below = yield deeper()
  else if (how === 'yield*') below = yield* deeper()
  else if (depth % 3 === 0) below = yield* call(deeper)
  else if (depth % 3 === 1) below = yield deeper()
  else below = yield* deeper()
  yield pause()
  return below + 1
}

function* times(n: number, event: () => Event): Coroutine<number> {
  for (let i = 0; i < n; i++) yield event()
  return n
}

/** Spawns two of its kind, and waits for them. */
function* tree(harness: KillHarness, height: number): Coroutine<number> {
  if (height === 0) {
    yield sleep(3)
    return 1
  }
  const left = yield* harness.start(`left ${height}`, tree(harness, height - 1))
  const right = yield* harness.start(`right ${height}`, tree(harness, height - 1))
  return ((yield* ended(left)) ?? 0) + ((yield* ended(right)) ?? 0)
}

/**
 * Ends by itself, in the end: a kill that is yielded in a `finally` may be cut off by another kill.
 */
function* idler(): Coroutine<void> {
  yield sleep(1000)
}

export const tasks: readonly Scenario[] = [
  { title: 'sleeps', run: () => times(10, () => sleep(5)) },
  { title: 'pauses beside another that does', run: pausing },
  { title: 'calls by yield, 50 deep', run: (harness) => descend(harness, DEPTH, 'yield') },
  { title: 'calls by yield*, 50 deep', run: (harness) => descend(harness, DEPTH, 'yield*') },
  { title: 'calls in every way in turn, 50 deep', run: (harness) => descend(harness, DEPTH, 'mixed') },
  { title: 'children that are joined', run: joining },
  { title: 'a task that many wait for', run: awaited },
  { title: 'a tree of tasks', run: (harness) => tree(harness, 3) },
  { title: 'a task that outlives its spawner', run: outliving },
  { title: 'a task that kills another', run: killing },
  { title: 'tasks that kill each other', run: killingInTurn },
  { title: 'coroutines that end early', run: ending },
]

function* pausing(harness: KillHarness): Coroutine<void> {
  yield* harness.start(
    'other',
    times(6, () => pause()),
  )
  yield* times(6, () => pause())
}

function* joining(harness: KillHarness): Coroutine<void> {
  const children: Task[] = []
  for (let i = 1; i <= 3; i++) {
    children.push(
      yield* harness.start(
        `child ${i}`,
        times(i, () => sleep(i)),
      ),
    )
  }
  for (const child of children) yield* ended(child)
}

function* awaited(harness: KillHarness): Coroutine<void> {
  const target = yield* harness.start(
    'target',
    times(3, () => sleep(4)),
  )
  for (let i = 0; i < 3; i++) yield* harness.start(`joiner ${i}`, ended(target))
  yield* ended(target)
}

function* outliving(harness: KillHarness): Coroutine<void> {
  yield* harness.start('parent', parent())

  function* parent(): Coroutine<void> {
    yield* harness.start(
      'child',
      times(4, () => sleep(5)),
    )
    yield sleep(1)
  }
}

function* killing(harness: KillHarness): Coroutine<void> {
  const victim = yield* harness.start('idler', idler())
  try {
    yield sleep(5)
  } finally {
    yield* kill(victim)
  }
}

/** Each is killed by the one before, which has nothing else to do. */
function* killingInTurn(harness: KillHarness): Coroutine<void> {
  let victim = yield* harness.start('idler', idler())
  for (let i = 0; i < 4; i++) victim = yield* harness.start(`killer ${i}`, killer(victim))
  yield sleep(5)
  yield* kill(victim)

  function* killer(next: Task): Coroutine<void> {
    try {
      yield sleep(100)
    } finally {
      yield* kill(next)
    }
  }
}

function* ending(harness: KillHarness): Coroutine<void> {
  const early = yield* spawn(harness.guarded('early', quitter(0)))
  yield harness.guarded('called', quitter(2))
  yield* ended(early)

  function* quitter(naps: number): Coroutine<void> {
    try {
      for (let i = 0; i < naps; i++) yield sleep(1)
      yield end(naps)
    } finally {
      yield pause()
    }
  }
}
