/**
 * Joins that would wait for themselves.
 *
 * Within one scheduler a cycle of bare joins is found when it closes, and any other one when
 * nothing else is left to do. Of several schedulers none would ever see that, because each waits
 * for another. There a cycle is found when it closes, whatever it passes through.
 */

import { DeadlockError, listed } from '../errors.js'
import type { EventHandler, Runtime, TaskHandle, Waiter } from './protocol.js'
import type { Task } from './task.js'
import { PARKED, WITHDRAWING } from './task-state.js'
import type { Wait } from './wait.js'

/** The number of waits for tasks of another scheduler. Without one there is no cycle across. */
let across = 0

/** Holds a run open for a task of another scheduler. */
export function holdAcross(scheduler: Runtime): void {
  across++
  scheduler.ref()
}

/** Takes back a `holdAcross`. */
export function releaseAcross(scheduler: Runtime): void {
  across--
  scheduler.unref()
}

/**
 * Refuses a join that would wait, over any number of joins, for the joiner itself.
 *
 * It follows the joins from the target, and at the same time visits the tasks that wait for the
 * joiner. Both ways find a cycle, so that the shorter one bounds the cost: building a chain of
 * joins stays linear, in either order.
 *
 * @param join the handler of a join
 * @throws DeadlockError that names each join of the cycle
 */
export function refuseCycle(join: EventHandler, joiner: Task, target: Task): void {
  const waiting = joinersOf(joiner)
  const cycle = [joiner]
  for (let task = target; task !== joiner; task = task.argument as Task) {
    if (task.phase !== PARKED || task.handler !== join || waiting.next().done) return
    cycle.push(task)
  }
  throw cycleError(
    target,
    cycle.map((task, i) => `${task} waits for join(${cycle[i + 1] ?? joiner})`),
  )
}

function cycleError(target: Task, waits: readonly string[]): DeadlockError {
  return new DeadlockError(`join(${target}) would wait for itself:${listed(waits)}`, waits)
}

/** Every task that waits in a join for the given one, or for one that does. */
function* joinersOf(task: Task): Generator<TaskHandle, void, void> {
  const levels = [(task.watchers ?? new Set()).values()]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const { done, value: watcher } = level.next()
    if (done) levels.pop()
    else if (watcher.joiner !== undefined) {
      yield watcher.joiner
      levels.push(((watcher.joiner as Task).watchers ?? new Set()).values()) // Every joiner is a Task.
    }
  }
}

/**
 * Refuses a join that would wait for the joiner itself over tasks of several schedulers: over
 * joins, kills, groups and combinations.
 *
 * @throws DeadlockError that names each task of the cycle
 */
export function refuseCycleAcross(waiter: Waiter, joiner: Task, target: Task): void {
  if (across === 0 && target.scheduler === joiner.scheduler) return
  if ((waiter as Wait).optional(joiner)) return // Every waiter for a task is a Wait.
  const path = pathTo(joiner, target)
  if (path === undefined || path.every(({ scheduler }) => scheduler === joiner.scheduler)) return
  const waits = [`${joiner} waits for join(${target})`]
  path.forEach((task, i) => {
    const { name, joins } = task.handler as EventHandler // It waits.
    const next = path[i + 1] ?? joiner
    waits.push(`${task} waits for ${joins === undefined ? `${next} in ${name}` : `${name}(${next})`}`)
  })
  throw cycleError(target, waits)
}

/**
 * The tasks over which one waits for another, from it on.
 *
 * @returns undefined if it does not
 */
function pathTo(end: TaskHandle, from: Task): Task[] | undefined {
  const reached = new Map<Task, Task | null>([[from, null]])
  // The iteration also visits the tasks that are added during it.
  for (const [task] of reached) {
    for (const next of neededBy(task, end)) {
      if (next === end) return pathBack(reached, task)
      if (!reached.has(next)) reached.set(next, task)
    }
  }
  return undefined
}

function pathBack(reached: ReadonlyMap<Task, Task | null>, last: Task): Task[] {
  const path: Task[] = []
  for (let task: Task | null = last; task !== null; task = reached.get(task) ?? null) path.unshift(task)
  return path
}

/** The tasks that must end before a wait can. */
function neededBy({ phase, handler, argument, entered }: Wait, end: TaskHandle): Task[] {
  if ((phase !== PARKED && phase !== WITHDRAWING) || handler === null) return []
  const joined = handler.joins?.(argument, entered)
  if (joined !== undefined) return [joined as Task] // Every handle is a Task.
  const { members = [], branches = [], needs = 'all' } = handler.within?.(argument, entered) ?? {}
  const waits = [...branches] as Wait[] // Every branch is a Wait.
  if (needs !== 'all' && !waits.some((wait) => wait.phase === WITHDRAWING)) {
    if (needs === 'none' || !waits.every((wait) => leadsTo(wait, end))) return []
  }
  return [...(members as Iterable<Task>), ...waits.flatMap((wait) => neededBy(wait, end))]
}

/** Whether a wait can only end after a task has. */
export function leadsTo(wait: Wait, end: TaskHandle): boolean {
  return neededBy(wait, end).some((task) => task === end || pathTo(end, task) !== undefined)
}
