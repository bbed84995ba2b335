// What is tested: runs a program by the scheduler, and kills its task between two steps.

import { type Coroutine, kill, Scheduler, type Task } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { internals } from '../../support/internals.js'
import { leftIn } from '../leftovers.js'
import { Interpreter, type Trace } from '../oracle/interpreter.js'
import type { Statement } from '../oracle/programs.js'
import { endOf, MAX_STEPS, TRAMPOLINE } from '../oracle/trampoline.js'
import { type Failure, Tasks } from '../tasks.js'

/**
 * How long a killed program may clean up: less than one of its sleeps, or more than two; never a
 * sum of them, which would be a tie.
 */
export function graceOf(program: Statement): number {
  return program.n % 2 === 0 ? 5 : 25
}

/** What a program that was killed did. */
export interface KilledTrace extends Trace {
  /** Whether it had not ended by itself before. */
  readonly killed: boolean
  /** How many steps it took before the kill, or in all. */
  readonly steps: number
}

/**
 * Runs a program as a task, which is killed after so many steps.
 *
 * @param steps how many steps of any task come before the kill; by default it is not killed
 */
export function runKilled(program: Statement, steps: number = Infinity): KilledTrace {
  const host = new VirtualHost({ manual: true })
  const scheduler = new Scheduler({ host, sites: false })
  const tasks = new Tasks()
  const interpreter = new Interpreter(TRAMPOLINE)
  const task = internals(scheduler).spawnUnder(tasks, () => interpreter.coroutine(program, 0) as Coroutine)

  let taken = 0
  while (taken < steps && task.outcome === undefined && advance(scheduler, host)) taken++
  const killed = task.outcome === undefined
  const received: Failure[] = []
  if (killed) {
    internals(scheduler).cancel(task, graceOf(program))
    scheduler.spawn(killer, task, received)
  }
  for (let more = 0; advance(scheduler, host); more++)
    if (more > MAX_STEPS) throw new Error('it does not end')

  const left = leftIn(scheduler)
  const end = left.length > 0 ? left.join() : endOf(task, [...received, ...tasks.failures], interpreter)
  return { log: interpreter.log, end, killed, steps: taken }
}

/**
 * Takes a step; if there is none to take, after the time to the next timer.
 *
 * @returns whether there was anything to do
 */
function advance(scheduler: Scheduler, host: VirtualHost): boolean {
  if (scheduler.step()) return true
  const [waiting] = internals(scheduler).tasks
  if (waiting === undefined || internals(scheduler).timers.size === 0) return false
  host.advance(internals(scheduler).timers.earliest - host.now())
  scheduler.step()
  return true
}

/** Waits with the kill that is under way, and receives what its victim throws. */
function* killer(task: Task, received: Failure[]): Coroutine<void> {
  try {
    yield kill(task)
  } catch (error) {
    received.push({ task, error })
  }
}
