/**
 * The answers that are made in the monitored thread: by its loop, or, while that hangs, by the
 * inspector in the middle of a step. So they only read, and look at a limited number of tasks.
 */

import { awaitedBy, coroutinesOf, inspectTask } from '@bluelet/scheduler/lowlevel'
import { counted, duration, printable, table } from './text.js'
import type { Watch, Watched } from './watch.js'
import type { Found, Watches } from './watches.js'

/**
 * The number of tasks in one answer. A table of a million would take the loop seconds; this one
 * takes it some milliseconds.
 */
const MAX_TASKS = 1000

/** The number of causes that `why` follows. */
const MAX_CAUSES = 10

/** The tasks whose names contain a text, one a line. */
export function ps(watches: Watches, part: string): string[] {
  const now = performance.now()
  const rows: string[][] = []
  let more = 0
  for (const { watch, watched } of watches.tasks()) {
    const { task, steps, ran, since } = watched
    if (!task.name.includes(part)) continue
    if (rows.length === MAX_TASKS) more++
    else {
      const event = printable(awaitedBy(task) ?? '')
      const cells = [
        watch.idOf(task.id),
        task.state,
        `${steps}`,
        ran.toFixed(1),
        duration(now - since),
        event,
      ]
      rows.push([...cells, wokenBy(watch, watched), printable(task.name)])
    }
  }
  const titles = [' id', 'state', ' steps', ' run ms', ' since', 'waits for', 'last woken by', 'name']
  return [...table(titles, rows), ...(more === 0 ? [] : [`... and ${more} more: ps NAME lists some of them`])]
}

/** Each task below its spawner. */
export function tree(watches: Watches): string[] {
  const lines: string[] = []
  let left = MAX_TASKS
  for (const watch of watches) {
    const children = new Map<number, Watched[]>([[0, []]])
    // A spawner comes before what it has spawned.
    for (const watched of watch.tasks.values()) {
      if (left-- <= 0) break
      children.set(watched.task.id, [])
      const siblings = children.get(watched.parent) ?? children.get(0)
      siblings?.push(watched)
    }
    const rest = (children.get(0) as Watched[]).map((watched) => ({ watched, depth: 0 })).reverse()
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const { watched, depth } = next
      const { task } = watched
      lines.push(
        `${'  '.repeat(depth)}${labelOf(watch, watched)} ${printable(awaitedBy(task) ?? task.state)}`,
      )
      const below = children.get(task.id) as Watched[] // Made above.
      rest.push(...below.map((watched) => ({ watched, depth: depth + 1 })).reverse())
    }
  }
  return left < 0 ? [...lines, `... and more: the first ${MAX_TASKS} tasks are shown`] : lines
}

/** Where a task is, as far as its scheduler knows. */
export function where({ watch, watched }: Found): string[] {
  const { task } = watched
  const { spawnedAt, yieldedAt, callees, spawner, waitsFor } = inspectTask(task)
  const sites = yieldedAt?.map((site) => site ?? 'an unknown place') ?? []
  return [
    `${labelOf(watch, watched)} is ${task.state}${waitsFor === undefined ? '' : `, in ${printable(waitsFor)}`}`,
    ...(spawner === undefined ? [] : [`spawned by ${printable(spawner)}`]),
    ...(spawnedAt === undefined ? [] : [`spawned at ${printable(spawnedAt)}`]),
    ...(callees === 0 ? [] : [`its coroutine has called ${counted(callees, 'other')}`]),
    ...sites.map((site) => `last yielded at ${printable(site)}`),
  ]
}

/** The number of coroutines that the inspector looks at for one answer. */
const MAX_COROUTINES = 200

/**
 * The coroutines of tasks for the inspector: the task as text, then the coroutine, and so on.
 *
 * @param argument the id of a task, or a part of their names
 */
export function coroutinePairs(watches: Watches, argument: string): unknown[] {
  const found = watches.find(argument)
  const pairs: unknown[] = []
  for (const { watch, watched } of found === undefined ? watches.tasks() : [found]) {
    if (found === undefined && !watched.task.name.includes(argument)) continue
    if (pairs.length >= 2 * MAX_COROUTINES) break
    for (const coroutine of coroutinesOf(watched.task)) pairs.push(labelOf(watch, watched), coroutine)
  }
  return pairs
}

/** What woke a task, and what had woken that, as far as their last causes tell. */
export function why({ watch, watched }: Found): string[] {
  const now = performance.now()
  const lines: string[] = []
  let effect = watched
  while (lines.length < MAX_CAUSES) {
    lines.push(
      `${labelOf(watch, effect)} was made ready by ${wokenBy(watch, effect)}, ${duration(now - effect.woken)} ago`,
    )
    if (effect.wokenBy === 0) return lines
    const cause = watch.tasks.get(effect.wokenBy)
    if (cause === undefined) return [...lines, 'that task has ended']
    // What woke it before is not kept.
    if (cause.woken > effect.woken) {
      return [
        ...lines,
        `${labelOf(watch, cause)} has been made ready again since: \`trace\` keeps the causes`,
      ]
    }
    effect = cause
  }
  return [...lines, '...']
}

/** A task as it is written: `echoer#3`. */
export function labelOf(watch: Watch, { task }: Watched): string {
  return `${printable(task.name)}#${watch.idOf(task.id)}`
}

function wokenBy(watch: Watch, { wokenBy, wokenFrom }: Watched): string {
  return wokenBy === 0 ? printable(wokenFrom) : `${printable(wokenFrom)}#${watch.idOf(wokenBy)}`
}
