/**
 * The probe of a recording: writes what the scheduler does into a ring, and remembers of each task
 * why it will run next.
 */

import { aboutOf } from '../core/coroutine.js'
import type { Kernel } from '../core/kernel.js'
import type { Probe, WakeCause } from '../core/probe.js'
import type { Coroutine, Request, TaskHandle, TurnEndListener } from '../core/protocol.js'
import { targetOf } from '../core/targets.js'
import { Task } from '../core/task.js'
import type { Outcome } from '../core/task-state.js'
import { EndedTasks } from './begin.js'
import {
  BY_IO,
  BY_OUTSIDE,
  BY_TASK,
  BY_TIMER,
  CALL,
  CANCEL,
  CAUSE_BITS,
  EXIT,
  HOWS,
  INPUT,
  LOG,
  OUTCOMES,
  PARK,
  RESUME,
  RETURN,
  SPAWN,
  WAKE,
  WARN,
  YIELD,
} from './entries.js'
import { type Known, newKnown, type Origin } from './known.js'
import type { RecordedNetwork } from './network.js'
import { errorName, type Preview } from './preview.js'
import { calleeOf, INVALID, labelOf, requestIn, shownRequest, tasksIn } from './request.js'
import type { Ring } from './ring.js'
import { ioCause, Sockets, type SocketsOwner } from './sockets.js'

/** Where the running task is about to yield, as an instrumented program says it. */
export interface Mark {
  readonly at: string
  readonly locals: Readonly<Record<string, string>> | undefined
  readonly callee: string | undefined
}

/** What a recorder needs. */
export interface RecorderOptions {
  readonly kernel: Kernel
  readonly ring: Ring
  /** Null: values are not recorded. */
  readonly preview: Preview | null
  /** Whether the tasks of the library are recorded. */
  readonly library: boolean
  readonly network: RecordedNetwork | undefined
}

/** Writes what a scheduler does into a ring. */
export class Recorder implements Probe, SocketsOwner, TurnEndListener {
  readonly ring: Ring
  readonly ended: EndedTasks
  readonly sockets: Sockets = new Sockets(this)
  readonly #kernel: Kernel
  readonly #preview: Preview | null
  readonly #library: boolean
  readonly #network: RecordedNetwork | undefined
  readonly #tasks = new Map<number, Known>()
  /** The tasks that have ended in this step, which wakes those that join them. */
  #ended: number[] = []
  /** The ids of channels and the like. */
  readonly #resources = new WeakMap<object, number>()
  #mark: Mark | null = null
  /** The time of the latest event. */
  #t = 0
  /** Whether a step of this turn has been recorded. */
  #inTurn = false
  #latest: Known | null = null

  constructor({ kernel, ring, preview, library, network }: RecorderOptions) {
    this.ring = ring
    this.ended = new EndedTasks(ring)
    this.#kernel = kernel
    this.#preview = preview
    this.#library = library
    this.#network = network
  }

  time(): number {
    this.#t = this.#kernel.now()
    return this.#t
  }

  step(): number | null {
    const cause = this.#kernel.causeOf()
    return cause.kind === 'task' ? this.#known(cause.by).step : null
  }

  shown(value: unknown): string | undefined {
    return this.#preview === null ? undefined : this.#preview(value)
  }

  /** The running task will yield there. */
  mark(mark: Mark): void {
    this.#mark = mark
  }

  log(text: string): void {
    this.ring.add(LOG, 0, this.time(), this.#running(), null, 0, 0, text)
  }

  input(id: string, data: string): void {
    this.ring.add(INPUT, 0, this.time(), 0, null, 0, 0, id, data)
  }

  warn(rule: string, task: TaskHandle | null, text: string): void {
    this.ring.add(WARN, 0, this.time(), task?.id ?? 0, null, 0, 0, rule, text)
  }

  /** Whether the events of a task are not recorded. */
  leavesOut(id: number): boolean {
    return (this.#tasks.get(id)?.hidden ?? null) !== null
  }

  // The probe.

  spawn(task: TaskHandle, spawner: TaskHandle | null, library = false): void {
    const from = spawner === null ? null : this.#known(spawner)
    const parent = from === null ? 0 : (from.hidden?.parent ?? from.id)
    if (library && !this.#library) {
      this.#add(task.id, { origin: this.#originOf(this.#kernel.causeOf()), parent })
      return
    }
    const known = this.#add(task.id, null)
    // A combination may begin a branch later, in a step of another task.
    const { op, ref } = this.#originOf(this.#kernel.causeOf())
    const by = op === BY_TASK ? ref : null
    known.because = this.ring.add(SPAWN, library ? 1 : 0, this.time(), task.id, by, parent, 0, task.name)
    const at = this.#kernel.sites?.spawnSite(task)
    if (at !== undefined) this.ring.extend({ at })
  }

  resume(task: TaskHandle, how: 'value' | 'error' | 'return', value: unknown): void {
    if (this.#ended.length > 0) this.#forgetEnded()
    const known = this.#known(task)
    this.#mark = null
    if (known.hidden !== null) return
    const { ring } = this
    const io = known.receives === 0 ? undefined : this.sockets.latestRead(known.receives)
    known.receives = 0
    known.step = ring.add(
      RESUME,
      how === 'value' ? 0 : HOWS.indexOf(how),
      this.#timeOfTurn(), // No code of the program has run since the event before.
      task.id,
      known.because,
      io === undefined ? 0 : ring.next - io,
      0,
      this.#entered(how, value),
    )
    known.because = known.step
  }

  yield(task: TaskHandle, yielded: unknown): void {
    const known = this.#known(task)
    const mark = this.#mark
    this.#mark = null
    if (known.hidden !== null) return
    const t = this.time()
    const request = requestIn(yielded)
    const handler = request?.$handler
    const on = request === undefined ? undefined : targetOf(request)
    const tasks = on === undefined ? undefined : tasksIn(on)
    const res = on === undefined ? 0 : this.#resourceIn(known, on, request)
    if (handler?.receives === true) known.receives = res
    const callee = mark?.callee ?? calleeOf(request)
    known.callee = callee
    const text = callee === undefined ? shownRequest(known, request, yielded) : `${callee}()`
    known.because = this.ring.add(YIELD, 0, t, task.id, null, res, 0, text, handler?.name ?? INVALID)
    const at = mark?.at ?? this.#kernel.sites?.yieldSite(task)
    if (tasks !== undefined || at !== undefined) this.ring.extend({ tasks, at, locals: mark?.locals })
  }

  call(task: TaskHandle, coroutine: Coroutine): void {
    const known = this.#known(task)
    if (known.hidden !== null) return
    known.because = this.ring.add(
      CALL,
      0,
      this.#t,
      task.id,
      null,
      0,
      0,
      known.callee ?? aboutOf(coroutine)?.name,
    )
  }

  return(task: TaskHandle, how: 'value' | 'error' | 'return', value: unknown): void {
    const known = this.#known(task)
    if (known.hidden !== null) return
    const text = this.#entered(how, value)
    known.because = this.ring.add(RETURN, HOWS.indexOf(how), this.time(), task.id, null, 0, 0, text)
  }

  park(task: TaskHandle): void {
    const known = this.#known(task)
    if (known.hidden !== null) return
    known.receives = 0 // What wakes it says which bytes it gets.
    this.ring.add(PARK, 0, this.#t, task.id, null)
  }

  wake(task: TaskHandle, cause: WakeCause): void {
    const known = this.#known(task)
    const origin = this.#originOf(cause)
    if (known.hidden !== null) known.hidden.origin = origin
    else known.because = this.#caused(WAKE, task, origin)
  }

  cancel(task: TaskHandle, cause: WakeCause, grace: number): void {
    if (this.#known(task).hidden !== null) return
    this.#caused(CANCEL, task, this.#originOf(cause))
    this.ring.extend({ grace: Math.min(grace, Number.MAX_SAFE_INTEGER) }) // JSON has no Infinity.
  }

  exit(task: TaskHandle, outcome: Outcome): void {
    this.#ended.push(task.id)
    if (this.#known(task).hidden !== null) return
    const text =
      outcome.kind === 'returned'
        ? this.shown(outcome.value)
        : outcome.kind === 'threw'
          ? (this.shown(outcome.error) ?? errorName(outcome.error))
          : undefined
    this.ended.add(task)
    this.ring.add(EXIT, OUTCOMES.indexOf(outcome.kind), this.time(), task.id, null, 0, 0, text)
  }

  #caused(kind: number, task: TaskHandle, { op, id, ref, x, source }: Origin): number {
    return this.ring.add(kind, op, this.time(), task.id, ref, id, x, source)
  }

  /** The cause as it is written. What a task that is left out does has the reason of that task. */
  #originOf(cause: WakeCause): Origin {
    const { telling } = this.sockets
    if (telling !== undefined) {
      const { res: id, op, bytes: x, io: ref } = telling
      return { op: BY_IO | (ioCause(op) << CAUSE_BITS), id, ref, x, source: undefined }
    }
    if (cause.kind === 'timer') {
      return { op: BY_TIMER, id: 0, ref: null, x: cause.deadline, source: undefined }
    }
    if (cause.kind === 'external') {
      return { op: BY_OUTSIDE, id: 0, ref: null, x: 0, source: cause.source }
    }
    const { id, hidden, step } = this.#known(cause.by)
    return hidden?.origin ?? { op: BY_TASK, id, ref: step, x: 0, source: undefined }
  }

  /** What a coroutine is entered with. A value that is not recorded leaves the kind of an error. */
  #entered(how: 'value' | 'error' | 'return', value: unknown): string | undefined {
    if (how === 'error') return this.shown(value) ?? errorName(value)
    return value === undefined ? undefined : this.shown(value)
  }

  /** The task: most often that of the event before. */
  #known(task: TaskHandle): Known {
    if (this.#latest?.id === task.id) return this.#latest
    this.#latest = this.#tasks.get(task.id) ?? this.#add(task.id, null)
    return this.#latest
  }

  /**
   * The time at which a step begins: that of the latest event of the turn, since no code of the
   * program has run since then. Reading the clock is a sixth of what a recording costs.
   */
  #timeOfTurn(): number {
    if (this.#inTurn) return this.#t
    this.#inTurn = true
    this.#kernel.turnEnd.add(this)
    return this.time()
  }

  /** @see `TurnEndListener` */
  turnEnded(): void {
    this.#inTurn = false
  }

  #add(id: number, hidden: Known['hidden']): Known {
    const known = newKnown(id, hidden)
    this.#tasks.set(id, known)
    return known
  }

  #forgetEnded(): void {
    for (const id of this.#ended) this.#tasks.delete(id)
    this.#ended = []
    this.#latest = null
  }

  /** The id of the task whose step this is; 0 between steps. */
  #running(): number {
    const cause = this.#kernel.causeOf()
    return cause.kind === 'task' ? cause.by.id : 0
  }

  /** The id of the first resource among what a task waits for; 0 if there is none. */
  #resourceIn(known: Known, on: object | readonly object[], request: Request | undefined): number {
    const object = Array.isArray(on) ? on.find((one) => !(one instanceof Task)) : on
    if (object === undefined || object instanceof Task) return 0
    if (known.resource !== object) {
      known.resource = object
      known.res = this.#idOf(object, request)
    }
    return known.res
  }

  #idOf(object: object, request: Request | undefined): number {
    const known = this.#network?.resourceOf(object) ?? this.#resources.get(object)
    if (known !== undefined) return known
    const res = this.sockets.newResource()
    this.#resources.set(object, res)
    this.sockets.resource('made', res, labelOf(object, request))
    return res
  }
}
