/**
 * The state of a scheduler at each moment of a trace: folds the events, from the nearest keyframe.
 *
 * What a trace does not say is taken from what comes later in it: in which order the ready tasks
 * are stepped, or when a timer is due.
 */

import type { TaskSnapshot } from '../diagnostics/snapshot.js'
import { LinkFold } from './link-fold.js'
import type { Picture, TaskPicture, TimerPicture } from './picture.js'
import type { LogEvent, Trace, TraceEvent } from './schema.js'
import { changed } from './task-fold.js'
import { indexOf, type TraceIndex } from './trace-index.js'

/** The number of events from one keyframe to the next, if not too many tasks are alive. */
const MIN_KEYFRAME = 256
/** The number of tasks in a keyframe for each event from one keyframe to the next. */
const MAX_TASKS = 4

const folds = new WeakMap<Trace, Fold>()

/**
 * What a scheduler looked like after an event of a trace.
 *
 * The first call for a trace reads all of it up to there. Later ones cost some 0.1 ms, wherever
 * they look. The trace must not change in between.
 *
 * @param n the number of the event, from that of the first one, less 1 for the moment before it, to
 *   that of the last one
 * @throws RangeError if the trace has no such event, also because it was dropped
 * @throws TypeError if it is no trace
 */
export function stateAt(trace: Trace, n: number): Picture {
  const index = indexOf(trace)
  index.check(n, 'stateAt(trace, n)', index.start - 1)
  let fold = folds.get(trace)
  if (fold === undefined) {
    fold = new Fold(trace, index)
    folds.set(trace, fold)
  }
  return fold.pictureAt(n)
}

/** What the fold knows at one moment. It is copied for a keyframe. */
class Moment {
  /** The position after the last event that was folded. */
  position = 0
  t = 0
  step: number | null = null
  /** The task of the latest step. */
  current = -1
  ended = 0
  logged = 0
  tasks: Map<number, TaskPicture> = new Map()
  /** The tasks that are being cancelled. */
  cancelled: Set<number> = new Set()
  links: LinkFold

  constructor(links: LinkFold) {
    this.links = links
  }

  copy(): Moment {
    const copy = new Moment(this.links.copy())
    copy.position = this.position
    copy.t = this.t
    copy.step = this.step
    copy.current = this.current
    copy.ended = this.ended
    copy.logged = this.logged
    copy.tasks = new Map(this.tasks)
    copy.cancelled = new Set(this.cancelled)
    return copy
  }
}

/** The states of one trace. */
class Fold {
  readonly #index: TraceIndex
  readonly #keyframes: Moment[]
  /** Of the whole trace; a moment has a number of them. */
  readonly #ended: TaskPicture[] = []
  readonly #log: LogEvent[] = []

  constructor(trace: Trace, index: TraceIndex) {
    this.#index = index
    const first = new Moment(new LinkFold(index))
    first.t = index.events[0]?.t ?? 0
    for (const task of tasksBefore(trace, index)) {
      first.tasks.set(task.id, task)
      if (task.state === 'running') first.current = task.id
    }
    this.#keyframes = [first]
  }

  pictureAt(n: number): Picture {
    const end = n - this.#index.start + 1
    const moment = this.#keyframeBefore(end).copy()
    this.#advance(moment, end)
    return this.#picture(moment, n)
  }

  #keyframeBefore(end: number): Moment {
    let last = this.#keyframes.at(-1) as Moment // There is always the first one.
    while (true) {
      const next = last.position + Math.max(MIN_KEYFRAME, Math.ceil(last.tasks.size / MAX_TASKS))
      if (next > end) break
      const moment = last.copy()
      this.#advance(moment, next)
      this.#keyframes.push(moment)
      last = moment
    }
    let low = 0
    let high = this.#keyframes.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#keyframes[middle] as Moment).position <= end)
        low = middle // It is within the list.
      else high = middle - 1
    }
    return this.#keyframes[low] as Moment // It is within the list.
  }

  #advance(moment: Moment, end: number): void {
    for (; moment.position < end; moment.position++) {
      const event = this.#index.events[moment.position] as TraceEvent // The end is checked.
      moment.t = event.t
      this.#apply(moment, event)
    }
  }

  #apply(moment: Moment, event: TraceEvent): void {
    switch (event.e) {
      case 'log':
        this.#log[moment.logged++] = event
        return
      case 'io':
      case 'res':
      case 'packet':
        moment.links.apply(event)
        return
      case 'input':
      case 'warn':
        return
      case 'spawn':
        moment.tasks.set(event.co, spawned(event))
        return
      case 'resume':
        this.#endStep(moment, event.co)
        moment.step = event.n
        moment.current = event.co
        this.#force(moment, event.t, event.n)
    }
    const task = moment.tasks.get(event.co)
    // A trace that was written by hand may name a task that is not there.
    if (task === undefined) return
    const next = changed(task, event, this.#index.parks(moment.position))
    if (event.e === 'exit') {
      moment.tasks.delete(event.co)
      moment.cancelled.delete(event.co)
      this.#ended[moment.ended++] = next
      return
    }
    moment.tasks.set(event.co, next)
    if (event.e === 'cancel') moment.cancelled.add(event.co)
  }

  /** A task whose coroutine has ended, but not its resources, is ready again without a word. */
  #endStep(moment: Moment, next: number): void {
    const task = moment.tasks.get(moment.current)
    if (task?.state !== 'running' || task.id === next) return
    moment.tasks.set(task.id, { ...task, state: 'ready' })
  }

  /** Grace periods that are over: the clean-up of a task that waits is withdrawn. */
  #force(moment: Moment, t: number, n: number): void {
    for (const co of moment.cancelled) {
      const task = moment.tasks.get(co) as TaskPicture // It is removed from both.
      const { cancelled } = task
      if (cancelled === undefined || cancelled.until > t || cancelled.state === 'forced') continue
      const withdraws = task.state === 'parked' ? { state: 'withdrawing' as const, since: t, by: n } : {}
      moment.tasks.set(co, { ...task, ...withdraws, cancelled: { ...cancelled, state: 'forced' } })
    }
  }

  #picture(moment: Moment, n: number): Picture {
    const tasks = [...moment.tasks.values()]
    const { state } = moment.tasks.get(moment.current) ?? {}
    return {
      n,
      t: moment.t,
      step: moment.step,
      running: state === 'running' || state === 'entering' ? moment.current : null,
      tasks,
      ended: this.#ended.slice(0, moment.ended),
      ready: this.#ready(tasks, n),
      timers: this.#timers(tasks, n),
      resources: moment.links.resources(),
      packets: moment.links.packets(),
      log: this.#log.slice(0, moment.logged),
    }
  }

  #ready(tasks: readonly TaskPicture[], n: number): number[] {
    const ready: { id: number; next: number; by: number }[] = []
    for (const { id, state, by } of tasks) {
      if (state !== 'ready' && state !== 'new') continue
      const next = this.#index.nextResume(id, n)?.n ?? Number.MAX_SAFE_INTEGER
      ready.push({ id, next, by: by ?? -1 })
    }
    return ready.sort((a, b) => a.next - b.next || a.by - b.by).map(({ id }) => id)
  }

  #timers(tasks: readonly TaskPicture[], n: number): TimerPicture[] {
    const timers: TimerPicture[] = []
    for (const task of tasks) {
      const { id, state, cancelled } = task
      if (cancelled !== undefined && cancelled.state !== 'forced') {
        timers.push({ due: cancelled.until, co: id, kind: 'grace' })
      }
      if (state !== 'parked') continue
      const due = this.#due(task, n)
      if (due !== undefined) timers.push({ due, co: id, kind: 'wake' })
    }
    return timers.sort((a, b) => a.due - b.due)
  }

  /** When a task that waits will be woken by a timer, if it will be, or if its event says so. */
  #due({ id, op, waitsFor, since }: TaskPicture, n: number): number | undefined {
    const wake = this.#index.nextWake(id, n)
    if (wake !== undefined) return wake.by.kind === 'timer' ? wake.by.due : undefined
    const [, ms] = (op === 'sleep' && /^sleep\((\d+(?:\.\d+)?)\)$/.exec(waitsFor ?? '')) || []
    return ms === undefined || since === null ? undefined : since + Number(ms)
  }
}

function spawned(event: TraceEvent & { readonly e: 'spawn' }): TaskPicture {
  return {
    id: event.co,
    name: event.name,
    state: 'new',
    since: event.t,
    by: event.n,
    waitsFor: null,
    op: null,
    on: null,
    parent: event.parent,
    ...(event.at === undefined ? {} : { spawnedAt: event.at }),
    frames: [{ name: event.name }],
    library: event.library === true,
  }
}

/** The tasks that were there before the first event. */
function* tasksBefore({ header }: Trace, index: TraceIndex): Generator<TaskPicture> {
  const begin = new Map(header.begin?.map((task) => [task.id, task]))
  const ids = new Set([...begin.keys(), ...index.firstOf.keys()])
  for (const id of [...ids].sort((a, b) => a - b)) {
    const task = begin.get(id)
    const first = index.firstOf.get(id)
    // What the recording has dropped may have changed the task since it began.
    const state =
      (header.dropped > 0 || task === undefined) && first !== undefined ? stateBefore(first) : undefined
    yield before(id, index.names.get(id) ?? 'task', task, state)
  }
}

/** What a task must have been doing, given its next event. */
function stateBefore(event: TraceEvent): TaskSnapshot['state'] {
  switch (event.e) {
    case 'resume':
      return 'ready'
    case 'wake':
      return 'parked'
    case 'park':
      return 'entering'
    default:
      return 'running'
  }
}

function before(
  id: number,
  name: string,
  task: TaskSnapshot | undefined,
  state: TaskSnapshot['state'] | undefined,
): TaskPicture {
  const frames = Array.from({ length: (task?.callees ?? 0) + 1 }, (_, depth) => {
    const at = task?.yieldedAt?.[depth]
    return { ...(depth === 0 ? { name } : {}), ...(at === undefined ? {} : { at }) }
  })
  const [, parent] = /#(\d+)$/.exec(task?.spawner ?? '') ?? []
  return {
    id,
    name,
    state: state ?? task?.state ?? 'parked',
    since: null,
    by: null,
    waitsFor: task?.waitsFor ?? null,
    op: null,
    on: null,
    parent: parent === undefined ? null : Number(parent),
    ...(task?.spawnedAt === undefined ? {} : { spawnedAt: task.spawnedAt }),
    frames,
    library: false,
  }
}
