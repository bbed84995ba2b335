// What is tested: runs programs as tasks of one scheduler, which steps them in turn, and calls in
// every way that there is.

import {
  all,
  type Coroutine,
  call,
  type Event,
  end,
  group,
  join,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { type EventHandler, event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { internals } from '../../support/internals.js'
import { leftIn } from '../leftovers.js'
import { type Failure, Tasks } from '../tasks.js'
import { Interpreter, type Part, type Side, type Trace } from './interpreter.js'
import type { Kind, Statement } from './programs.js'

/** An event that gives its argument at once. */
const GIVE: EventHandler = { name: 'give' }
/** Two that throw it. */
const FAIL: EventHandler = { name: 'fail', enter: (waiter, error) => waiter.throw(error) }
const REFUSE: EventHandler = {
  name: 'refuse',
  enter(_waiter, error) {
    throw error
  },
}

/** The one way of calling that is the engine's own. */
export const DELEGATE = 3

/**
 * Every way to run a coroutine from another one and to get its outcome: first on the same task,
 * then on one of its own.
 */
const CALLS: readonly ((make: (x: number) => Coroutine, x: number) => Part)[] = [
  function* byYield(make, x) {
    return yield make(x)
  },
  function* byCall(make, x) {
    return yield call(make(x))
  },
  function* byDelegatedCall(make, x) {
    return yield* call(make(x))
  },
  (make, x) => make(x), // DELEGATE
  function* byCallOfFunction(make, x) {
    return yield* call(make, x)
  },
  function* byRace(make, x) {
    return yield* race([make(x)])
  },
  function* byAll(make, x) {
    return (yield* all([make(x)]))[0]
  },
  function* byJoin(make, x) {
    return yield* join(yield* spawn(make(x)))
  },
  function* byTask(make, x) {
    return yield yield spawn(make, x)
  },
  function* byTimeout(make, x) {
    return yield timeout(1e9, make(x))
  },
  function* byGroup(make, x) {
    return yield* group(() => make(x))
  },
]

/** How many ways to call there are. */
export const CALL_COUNT: number = CALLS.length
/** From here on a call has a task of its own. */
export const FIRST_BRANCH = 5
/**
 * How many there are before those that leave it alone when the task that waits for it is killed.
 */
export const KILLED_CALL_COUNT = 7

/** No program takes so many: a scheduler that never comes to an end is to fail, not to hang. */
export const MAX_STEPS = 1_000_000

/** How long a program's `sleep` takes. */
export const SLEEP_MS = 10

/** How the scheduler does it. */
export const TRAMPOLINE: Side = {
  call: (how, make, x) => CALLS[how]!(make as (x: number) => Coroutine, x), // What this side yields can be yielded.
  perform(kind, how, value) {
    if (kind === 'child') return joining(value)
    const made = eventOf(kind, how, value)
    return how === 0 ? yielding(made) : delegating(made)
  },
}

function eventOf(kind: Kind, how: number, value: unknown): Event {
  if (kind === 'give') return event(GIVE, value)
  if (kind === 'fail') return event(how === 0 ? FAIL : REFUSE, value)
  if (kind === 'end') return end(value)
  return kind === 'sleep' ? sleep(SLEEP_MS) : pause()
}

/** Waits for a task that takes two steps. */
function* joining(value: unknown): Part {
  const task = yield* spawn(function* () {
    yield pause()
    return value
  })
  return yield* join(task)
}

function* yielding(made: Event): Part {
  return yield made
}

function* delegating(made: Event): Part {
  return yield* made
}

/**
 * Runs programs side by side, each as a task of its own.
 *
 * @param steps where to write down every step of every task, if that is wanted
 */
export function runByScheduler(programs: readonly Statement[], steps?: string[]): Trace[] {
  const scheduler = new Scheduler({ host: new VirtualHost({ manual: true }), sites: false })
  if (steps !== undefined) scheduler.attach({ resume: (task, how) => steps.push(`${task} ${how}`) })
  const tasks = new Tasks()
  const runs = programs.map((program) => {
    const interpreter = new Interpreter(TRAMPOLINE)
    const task = internals(scheduler).spawnUnder(tasks, () => interpreter.coroutine(program, 0) as Coroutine)
    return { interpreter, task }
  })
  for (let steps = 0; scheduler.step(); steps++) if (steps > MAX_STEPS) throw new Error('it does not end')
  const left = leftIn(scheduler)
  return runs.map(({ interpreter, task }) => {
    const end = left.length > 0 ? left.join() : endOf(task, tasks.failures, interpreter)
    return { log: interpreter.log, end }
  })
}

/** How a task ended; an error must have been received once. */
export function endOf(task: Task, received: readonly Failure[], interpreter: Interpreter): string {
  const { outcome } = task
  if (outcome?.kind === 'returned') return `returned ${interpreter.label(outcome.value)}`
  if (outcome?.kind !== 'threw') return String(outcome?.kind)
  const times = received.filter((each) => each.task === task && each.error === outcome.error).length
  return times === 1
    ? `threw ${interpreter.label(outcome.error)}`
    : `threw an error that was received ${times} times`
}
