// What is tested: runs a program by the scheduler, and kills its task between two steps.
import { type Coroutine, kill, Scheduler, type Task } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { Interpreter, type Trace } from './interpreter.js'
import type { Statement } from './programs.js'
import { endOf, type Heard, Listener, MOST_STEPS, TRAMPOLINE } from './trampoline.js'

/** How long a killed program may clean up: less than one of its sleeps, or more than two; never a sum of them, which would be a tie. */
export function graceOf(program: Statement): number {
  return program.n % 2 === 0 ? 5 : 25
}

/** What a program that was killed did. */
export interface KilledTrace extends Trace {
  /** Whether it had not ended by itself before. */
  readonly killed: boolean
}

/**
 * Runs a program as a task, which is killed after so many steps.
 *
 * @param steps how many steps of any task come before the kill
 */
export function runKilled(program: Statement, steps: number): KilledTrace {
  const host = new VirtualHost({ manual: true })
  const scheduler = new Scheduler({ host, sites: false })
  const supervisor = new Listener()
  const interpreter = new Interpreter(TRAMPOLINE)
  const task = scheduler.spawnUnder(supervisor, () => interpreter.coroutine(program, 0) as Coroutine)

  for (let taken = 0; taken < steps && task.outcome === undefined; taken++) advance(scheduler, host)
  const killed = task.outcome === undefined
  const heard: Heard[] = []
  if (killed) {
    scheduler.cancel(task, graceOf(program))
    scheduler.spawn(killer, task, heard)
  }
  for (let taken = 0; advance(scheduler, host); taken++)
    if (taken > MOST_STEPS) throw new Error('it does not end')

  const left = scheduler.timers.size + scheduler.snapshot().length
  const end = left > 0 ? `left ${left} behind` : endOf(task, [...heard, ...supervisor.heard], interpreter)
  return { log: interpreter.log, end, killed }
}

/**
 * Takes a step; if there is none to take, after the time to the next timer.
 *
 * @returns whether there was anything to do
 */
function advance(scheduler: Scheduler, host: VirtualHost): boolean {
  if (scheduler.step()) return true
  const [waiting] = scheduler.tasks()
  if (waiting === undefined || scheduler.timers.size === 0) return false
  host.advance(scheduler.timers.earliest - host.now())
  scheduler.step()
  return true
}

/** Waits with the kill that is under way, and hears what its victim throws. */
function* killer(task: Task, heard: Heard[]): Coroutine<void> {
  try {
    yield kill(task)
  } catch (error) {
    heard.push({ task, error })
  }
}
