/**
 * Rules about tasks that wait, and for what.
 */

import { stateAt } from '../fold.js'
import type { Picture, TaskPicture } from '../picture.js'
import type { Trace } from '../schema.js'
import type { TraceIndex } from '../trace-index.js'
import type { Finding } from './finding.js'

/** The events that nothing outside of the scheduler can end. */
const INSIDE = new Set([
  'all',
  'allSettled',
  'call',
  'channel.receive',
  'channel.send',
  'group',
  'join',
  'kill',
  'latch.wait',
  'race',
  'semaphore.acquire',
  'shield',
])

/** Those that wait for tasks which they have spawned themselves. */
const COMBINATIONS = new Set(['all', 'allSettled', 'group', 'race', 'shield', 'timeout'])

/** Tasks that wait for each other, and tasks that wait for nothing that could still come. */
export function* stuck(trace: Trace, index: TraceIndex): Generator<Finding> {
  const n = standstill(trace, index)
  if (n === undefined) return
  const picture = stateAt(trace, n)
  const graph = new WaitGraph(trace, picture)
  const circle = graph.circle()
  if (circle !== undefined) {
    const [first] = circle as [TaskPicture] // A circle has a task.
    yield {
      rule: 'deadlock',
      n,
      t: picture.t,
      co: first.id,
      tasks: circle.map(({ id }) => id),
      msg: `${nameOf(first)} waits for ${[...circle.slice(1), first].map((task, i) => `${nameOf(task)} (${(circle[i] as TaskPicture).waitsFor})`).join(', which waits for ')}`,
    }
    return
  }
  for (const task of picture.tasks) {
    if (graph.targets(task).length > 0) continue
    yield {
      rule: 'lost-wakeup',
      n,
      t: picture.t,
      co: task.id,
      tasks: [task.id],
      msg: `${nameOf(task)} waits for ${task.waitsFor}, and no task is left that could end its wait: what it waits for may have happened before, or its task has ended`,
    }
  }
}

/**
 * The number of the event after which nothing could happen any more; undefined if there is none.
 * The run then cancels every task from outside.
 */
function standstill(trace: Trace, index: TraceIndex): number | undefined {
  const cancel = trace.events.find((event) => event.e === 'cancel' && event.by.kind === 'external')
  const n = (cancel?.n ?? index.end + 1) - 1
  const { tasks, ready, running, timers, packets } = stateAt(trace, n)
  if (tasks.length === 0 || ready.length + timers.length + packets.length > 0 || running !== null)
    return undefined
  // In a virtual world nothing is outside that could still send something. A server that waits for
  // one more client is no deadlock all the same, once its root has ended.
  const closed = trace.header.clock === 'virtual' && tasks.some(({ parent }) => parent === null)
  return tasks.every((task) => task.state === 'parked' && isInside(task, closed)) ? n : undefined
}

/** Whether only tasks can end a wait. */
function isInside({ op, on }: TaskPicture, closed: boolean): boolean {
  return INSIDE.has(op ?? '') || (on?.tasks?.length ?? 0) > 0 || (closed && on?.res !== undefined)
}

/** Which task waits for which. */
class WaitGraph {
  readonly #tasks: ReadonlyMap<number, TaskPicture>
  /** For each resource, the tasks that have got something of it, such as a permit. */
  readonly #holders = new Map<number, Set<number>>()
  /** For each resource, the tasks that wait at its other end. */
  readonly #atPeer = new Map<number, number[]>()

  constructor(trace: Trace, { tasks, resources, n }: Picture) {
    this.#tasks = new Map(tasks.map((task) => [task.id, task]))
    for (const event of trace.events) {
      if (event.n > n) break
      if (event.e !== 'yield' || event.op !== 'semaphore.acquire' || event.on?.res === undefined) continue
      const holders = this.#holders.get(event.on.res) ?? new Set()
      this.#holders.set(event.on.res, holders.add(event.co))
    }
    for (const { id, peer } of resources) {
      if (peer !== null)
        this.#atPeer.set(
          id,
          tasks.filter(({ on }) => on?.res === peer).map(({ id }) => id),
        )
    }
  }

  /** The tasks that a task waits for. */
  targets({ id, op, on }: TaskPicture): TaskPicture[] {
    const ids = [
      ...(on?.tasks ?? []),
      ...(op === 'semaphore.acquire' ? (this.#holders.get(on?.res ?? -1) ?? []) : []),
      ...(this.#atPeer.get(on?.res ?? -1) ?? []),
      ...(COMBINATIONS.has(op ?? '')
        ? [...this.#tasks.values()].filter(({ parent }) => parent === id).map(({ id }) => id)
        : []),
    ]
    // A task that has taken a permit and waits for another one does not wait for itself.
    return [...new Set(ids)].flatMap((each) => (each === id ? [] : (this.#tasks.get(each) ?? [])))
  }

  /** Tasks of which each waits for the next one, and the last one for the first. */
  circle(): TaskPicture[] | undefined {
    const done = new Set<number>()
    for (const start of this.#tasks.values()) {
      const found = this.#circleFrom(start, [], done)
      if (found !== undefined) return found
    }
    return undefined
  }

  #circleFrom(task: TaskPicture, path: TaskPicture[], done: Set<number>): TaskPicture[] | undefined {
    const at = path.indexOf(task)
    if (at >= 0) return path.slice(at)
    if (done.has(task.id)) return undefined
    done.add(task.id)
    for (const target of this.targets(task)) {
      const found = this.#circleFrom(target, [...path, task], done)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** Tasks that still wait at the end, although the tasks that spawned them have ended. */
export function* leftBehind(trace: Trace, index: TraceIndex): Generator<Finding> {
  const { tasks, ended, t } = stateAt(trace, index.end)
  const gone = new Set(ended.map(({ id }) => id))
  for (const task of tasks) {
    const { id, parent, state, library, cancelled, waitsFor, since } = task
    if (library || parent === null || !gone.has(parent) || state !== 'parked' || cancelled !== undefined)
      continue
    yield {
      rule: 'left-behind',
      n: index.end,
      t,
      co: id,
      tasks: [id, parent],
      msg: `${nameOf(task)} still waits for ${waitsFor}${since === null ? '' : `, since ${since} ms`}, although ${index.nameOf(parent)}, which spawned it, has ended: join it, kill it, or spawn it in a group`,
    }
  }
}

function nameOf({ name, id }: TaskPicture): string {
  return `${name}#${id}`
}
