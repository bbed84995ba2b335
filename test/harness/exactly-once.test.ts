// "No lost wake-up" and "exactly once": whatever ends a wait, and whenever it comes, the wait ends
// once. Every program here is run in every order of its steps and of what is due at the same time,
// so that what ends the wait comes before, during and after it.

import {
  all,
  Cancelled,
  Channel,
  ClosedError,
  type Coroutine,
  type Event,
  join,
  KilledError,
  Latch,
  Semaphore,
  sleep,
  spawn,
  type Task,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import type { VirtualHost } from '@bluelet/scheduler/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { internals } from '../support/internals.js'
import { inEveryOrder } from './harness.js'

/** How a wait ends; a task that is killed before its first step does not begin to wait. */
type End = 'given' | 'closed' | 'killed' | 'timed out' | 'not begun'

/** What can end a wait. */
type Cause = 'give' | 'close' | 'kill' | 'timeout'

/** Something to wait for. */
interface Source {
  wait(): Event<unknown>
  /** Ends one wait: the one that is under way, or the next. */
  give(): void
  /** Ends each wait from now on with an error. */
  close(): void
  /**
   * Checks that nothing is lost and nothing is there twice, once so many waits were given
   * something.
   */
  check(given: number): void
}

function channelSource(): Source {
  const channel = new Channel<number>()
  let sent = 0
  return {
    wait: () => channel.receive(),
    give() {
      if (!channel.closed && channel.trySend(sent)) sent++
    },
    close: () => channel.close(),
    check: (given) => same(given + channel.size, sent),
  }
}

function semaphoreSource(): Source {
  const semaphore = new Semaphore(2)
  let free = 0
  return {
    wait: () => semaphore.acquire(),
    give() {
      free++
      semaphore.release()
    },
    close() {},
    check: (given) => same(semaphore.permits, free - given),
  }
}

function latchSource(): Source {
  const latch = new Latch()
  return {
    wait: () => latch.wait(),
    give: () => latch.open(),
    close() {},
    check: (given) => same(given === 0 || latch.opened, true),
  }
}

/** A source, made within the run: some of them take a step of the root's. */
const SOURCES: Record<string, () => Coroutine<Source>> = {
  *'channel.receive'() {
    return channelSource()
  },
  *'semaphore.acquire'() {
    const source = semaphoreSource()
    yield* source.wait()
    yield* source.wait()
    return source
  },
  *'latch.wait'() {
    return latchSource()
  },
  *join() {
    const latch = new Latch()
    const target = yield* spawn(function* target() {
      yield* latch.wait()
      return 7
    })
    return {
      wait: () => join(target),
      give: () => latch.open(),
      close() {},
      check: (given) => same(given === 0 || target.outcome?.kind === 'returned', true),
    }
  },
}

/** With a time limit, everything happens at this time, by calls from outside, as by a socket. */
const LIMIT_MS = 10

/** An assertion that costs nothing: there are tens of thousands. */
function same(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`)
}

function endBy(error: unknown): End {
  if (error instanceof Cancelled) return 'killed'
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof TimeoutError) return 'timed out'
  throw error
}

/** One wait, and all that may end it, at once. @returns how it ended */
function* scenario(
  world: VirtualHost,
  make: () => Coroutine<Source>,
  causes: readonly Cause[],
): Coroutine<End> {
  const source = yield* make()
  const ends: End[] = []
  const over = new Latch()
  let strays = 0
  const limited = causes.includes('timeout')
  const waiter = yield* spawn(function* waiter() {
    try {
      const wait = source.wait()
      yield* limited ? timeout(LIMIT_MS, wait) : wait
      ends.push('given')
    } catch (error) {
      ends.push(endBy(error))
    }
    // A second wake-up of the wait that is over would end this one.
    yield* over.wait()
    if (!over.opened) strays++
  })
  const acts: Record<Cause, () => void> = {
    give: source.give,
    close: source.close,
    kill: () => internals(waiter).cancel(waiter),
    timeout: () => {},
  }
  if (limited) for (const cause of causes) world.at(LIMIT_MS, acts[cause])
  else yield* all(causes.map((cause) => acting(acts[cause])))
  if (limited) yield* sleep(2 * LIMIT_MS)
  over.open()
  yield* ended(waiter)
  same(ends.length, ends.length === 0 && causes.includes('kill') ? 0 : 1)
  same(strays, 0)
  const [end = 'not begun'] = ends
  source.check(end === 'given' ? 1 : 0)
  source.give() // Lets a task go on that was joined.
  return end
}

/** Takes one step. */
function* acting(act: () => void): Coroutine<void> {
  act()
}

/** Waits for a task that may be killed. */
function* ended(task: Parameters<typeof join>[0]): Coroutine<void> {
  try {
    yield* join(task)
  } catch (error) {
    if (!(error instanceof KilledError)) throw error
  }
}

/** Every set of causes, and what they can come to. */
const EXPECTED: readonly (readonly [readonly Cause[], readonly End[]])[] = [
  [['give'], ['given']],
  [['kill'], ['killed', 'not begun']],
  [['timeout'], ['timed out']],
  [
    ['give', 'kill'],
    ['given', 'killed', 'not begun'],
  ],
  [
    ['give', 'timeout'],
    ['given', 'timed out'],
  ],
  [
    ['kill', 'timeout'],
    ['killed', 'timed out'],
  ],
  [
    ['give', 'kill', 'timeout'],
    ['given', 'killed', 'timed out'],
  ],
]

const WITH_CLOSE: typeof EXPECTED = [
  [['close'], ['closed']],
  [
    ['give', 'close'],
    ['closed', 'given'],
  ],
  [
    ['close', 'kill'],
    ['closed', 'killed', 'not begun'],
  ],
  [
    ['close', 'timeout'],
    ['closed', 'timed out'],
  ],
  [
    ['give', 'close', 'kill'],
    ['closed', 'given', 'killed', 'not begun'],
  ],
  [
    ['give', 'close', 'timeout'],
    ['closed', 'given', 'timed out'],
  ],
]

const CASES = Object.entries(SOURCES).flatMap(([name, make]) =>
  [...EXPECTED, ...(name === 'channel.receive' ? WITH_CLOSE : [])].map(([causes, ends]) => {
    // A task that is joined ends in a step, and what is due at that time comes before it.
    const late = name === 'join' && causes.includes('timeout')
    return [
      name,
      causes.join(', '),
      make,
      causes,
      late ? ends.filter((end) => end !== 'given') : ends,
    ] as const
  }),
)

let orders = 0
let programs = 0

afterAll(() => {
  record({
    what: 'orders of a wait and its ends',
    tried: orders,
    failed: 0,
    detail: `${programs} programs: value, close, kill and time limit before, during and after; each wait ends exactly once`,
  })
})

describe('a wait ends exactly once, in every order', () => {
  it.each(CASES)('%s: %s', async (_name, _text, make, causes, expected) => {
    const { tried, results } = await inEveryOrder((world) => scenario(world, make, causes))

    expect([...results].sort()).toEqual(expected)
    orders += tried
    programs++
  })
})

describe('of two that wait, one killed, in every order', () => {
  /**
   * Two tasks wait; one is killed; one gift comes, and a second when both have ended or wait.
   * @returns who got the first
   */
  function* program(make: () => Coroutine<Source>, victim: number): Coroutine<string> {
    const source = yield* make()
    const given: number[] = []
    const waiters: Task[] = []
    for (const n of [0, 1]) {
      waiters.push(
        yield* spawn(function* () {
          yield* source.wait()
          given.push(n)
        }),
      )
    }
    const killed = waiters[victim]!
    yield* all([acting(() => internals(killed).cancel(killed)), acting(source.give)])
    yield* ended(killed)
    const survivor = waiters[1 - victim]!
    // The gift may have gone to the one that was killed, who has then had it: only then is there
    // need of another.
    if (given.includes(victim)) source.give()
    yield* join(survivor)
    source.check(given.length)
    return given.join(' and ')
  }

  it.each([
    ['channel.receive', 0, ['0 and 1', '1']],
    ['channel.receive', 1, ['0', '1 and 0']],
    ['semaphore.acquire', 0, ['0 and 1', '1']],
    ['semaphore.acquire', 1, ['0', '1 and 0']],
  ] as const)('%s: what it would have got goes to the other; number %i', async (name, victim, expected) => {
    const { tried, results } = await inEveryOrder(() => program(SOURCES[name]!, victim))

    expect([...results].sort()).toEqual(expected)
    orders += tried
    programs++
  })
})
