/**
 * What waits for what: tasks that wait for each other in a circle, which never end, and the others.
 */

import { type TaskHandle, targetsOf } from '@bluelet/scheduler/lowlevel'
import { labelOf } from './answers.js'
import { printable } from './text.js'
import type { Watch } from './watch.js'
import type { Watches } from './watches.js'

/** The number of tasks that are looked at, which takes the loop some 10 ms. */
const MAX_TASKS = 10_000

/** The number of lines, and of names in one line. */
const MAX_LINES = 500
const MAX_NAMES = 10

/** The circles first, then the waits for tasks, then those for anything else. */
export function waits(watches: Watches): string[] {
  const needs = new Map<TaskHandle, ReadonlySet<TaskHandle>>()
  const labels = new Map<TaskHandle, string>()
  const waiters = new Map<object, string[]>()
  const lines: string[] = []
  let left = MAX_TASKS
  for (const { watch, watched } of watches.tasks()) {
    if (left-- === 0) break
    const { task } = watched
    const label = labelOf(watch, watched)
    labels.set(task, label)
    const { tasks, others, all } = targetsOf(task)
    if (all) needs.set(task, tasks)
    if (tasks.size > 0) lines.push(`${label} waits for ${listed(tasks, watch, all ? ', ' : ' or ')}`)
    for (const other of others) {
      const before = waiters.get(other)
      if (before === undefined) waiters.set(other, [label])
      else before.push(label)
    }
  }
  const found = circlesIn(needs).map((circle) => {
    const names = [...circle, circle[0] as TaskHandle].map((task) => labels.get(task) ?? `${task}`)
    return `circle, which never ends: ${names.join(' waits for ')}`
  })
  const resources = [...waiters].map(
    ([other, names], i) => `${kindOf(other)} ${i + 1} is awaited by ${shortened(names, ', ')}`,
  )
  const all = [
    ...(found.length === 0 ? ['no circle of tasks that wait for each other'] : found),
    ...lines,
    ...resources,
  ]
  return all.length <= MAX_LINES
    ? all
    : [...all.slice(0, MAX_LINES), `... and ${all.length - MAX_LINES} more`]
}

/** Tasks each of which needs the next one, and the last one the first; each task in one circle. */
function circlesIn(needs: ReadonlyMap<TaskHandle, ReadonlySet<TaskHandle>>): TaskHandle[][] {
  const circles: TaskHandle[][] = []
  const done = new Set<TaskHandle>()
  for (const start of needs.keys()) {
    const path: TaskHandle[] = []
    const onPath = new Map<TaskHandle, Iterator<TaskHandle>>()
    for (let task: TaskHandle | undefined = start; task !== undefined; ) {
      if (!onPath.has(task) && !done.has(task)) {
        path.push(task)
        onPath.set(task, (needs.get(task) ?? new Set<TaskHandle>()).values())
      } else if (onPath.has(task) && !done.has(task)) {
        const circle = path.slice(path.indexOf(task))
        circles.push(circle)
        for (const member of circle) done.add(member)
      }
      task = nextOf(path, onPath, done)
    }
  }
  return circles
}

/** The next task to look at: one that the last of the path needs; those that need none are done. */
function nextOf(
  path: TaskHandle[],
  onPath: Map<TaskHandle, Iterator<TaskHandle>>,
  done: Set<TaskHandle>,
): TaskHandle | undefined {
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const next = (onPath.get(last) as Iterator<TaskHandle>).next() // It is on the path.
    if (next.done !== true) return next.value
    path.pop()
    onPath.delete(last)
    done.add(last)
  }
  return undefined
}

function listed(tasks: ReadonlySet<TaskHandle>, watch: Watch, separator: string): string {
  const names = [...tasks].map((task) => {
    const watched = watch.tasks.get(task.id)
    return watched?.task === task ? labelOf(watch, watched) : printable(`${task}`)
  })
  return shortened(names, separator)
}

function shortened(names: readonly string[], separator: string): string {
  const more = names.length - MAX_NAMES
  return `${names.slice(0, MAX_NAMES).join(separator)}${more > 0 ? `${separator}${more} more` : ''}`
}

/** The class of an object. */
function kindOf(object: object): string {
  return printable(object.constructor?.name || 'object')
}
