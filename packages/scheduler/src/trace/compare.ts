/**
 * Where two traces of one program leave each other.
 */

import { oneLine } from './export/escape.js'
import type { ResumeEvent, Trace, TraceEvent, YieldEvent } from './schema.js'
import { type Step, steps } from './steps.js'
import { indexOf, type TraceIndex } from './trace-index.js'

/** The first step in which two traces of one program differ. */
export interface Difference {
  /** The number of that step as people count, from 1: the same in both traces. */
  readonly step: number
  /**
   * `task`: another task runs. `answer`: the same task is entered with something else. `event`: it
   * is entered with the same, and does something else. `end`: one of the traces is over.
   */
  readonly kind: 'task' | 'answer' | 'event' | 'end'
  /** What the first trace does there; null if it is over. */
  readonly a: Side | null
  /** What the second trace does there; null if it is over. */
  readonly b: Side | null
  /** The ids of the tasks that were ready, in the order in which they became so. */
  readonly ready: readonly number[]
  /** The difference in a sentence, without its end. */
  readonly text: string
}

/** What one of the traces does where they differ. */
export interface Side {
  /** The number of the event that is different. */
  readonly n: number
  /** The id of the task that runs. */
  readonly task: number
  /** Its name with its id: `writer#2`. */
  readonly name: string
  /**
   * The event at which it was suspended before: in a race between tasks, the yield at which another
   * task may come first. Null if the step is its first one.
   */
  readonly yielded: string | null
  /** Where that was, as `function (file:line:column)`, or `file:line`. */
  readonly at?: string
}

/**
 * The first step in which two traces of one program differ: another task runs, or the same one is
 * entered with something else, or does something else. Places, local variables and times do not
 * count, nor do values that only one of the traces has.
 *
 * Of a schedule that fails and one that does not, it is the choice after which the program fails.
 *
 * @returns null if there is none
 * @throws TypeError if one is no trace; RangeError if the two do not begin with the same event,
 *   because different numbers of events were dropped
 */
export function compare(a: Trace, b: Trace): Difference | null {
  const [first, second] = [new Reader(a), new Reader(b)]
  const { start } = first.index
  if (start !== second.index.start) {
    throw new RangeError(
      `compare(a, b): expected traces that begin with the same event, got ${start} and ${second.index.start}: older events were dropped, since a recording has a limit`,
    )
  }
  const most = Math.max(first.steps.length, second.steps.length)
  for (let i = 0; i < most; i++) {
    const [left, right] = [first.steps[i], second.steps[i]]
    if (left === undefined || right === undefined) return difference('end', i, first, second)
    const [entered, other] = [first.index.event(left.n), second.index.event(right.n)] as ResumeEvent[]
    if (left.co !== right.co) return difference('task', i, first, second)
    if (!isSameAnswer(entered as ResumeEvent, other as ResumeEvent))
      return difference('answer', i, first, second)
    const at = firstDifferent(first.actions(left), second.actions(right))
    if (at !== undefined) return difference('event', i, first, second, at)
  }
  return null
}

/** A trace, step by step. */
class Reader {
  readonly index: TraceIndex
  readonly steps: readonly Step[]

  constructor(trace: Trace) {
    this.index = indexOf(trace)
    this.steps = steps(trace)
  }

  /** What a task does in a step. */
  actions({ n, last }: Step): TraceEvent[] {
    const actions: TraceEvent[] = []
    for (let i = n + 1; i <= last; i++) {
      const event = this.index.event(i) as TraceEvent // It is within the step.
      if (keyOf(event) !== undefined) actions.push(event)
    }
    return actions
  }

  /** The side of a step, and of one of its events. */
  side(i: number, action: number | undefined): Side | null {
    const step = this.steps[i]
    if (step === undefined) return null
    const { n, co } = step
    const event = action === undefined ? undefined : this.actions(step)[action]
    const yielded = this.#suspendedAt(co, n)
    return {
      n: event?.n ?? n,
      task: co,
      name: this.index.nameOf(co),
      yielded: yielded?.ev ?? null,
      ...(yielded?.at === undefined ? {} : { at: yielded.at }),
    }
  }

  /** The yield at which a task was suspended before a step. */
  #suspendedAt(co: number, n: number): YieldEvent | undefined {
    const before = this.index.previousResume(co, n)
    for (let i = n - 1; before !== undefined && i > before.n; i--) {
      const event = this.index.find('yield', i)
      if (event?.co === co) return event
    }
    return undefined
  }

  /** The tasks that were ready at the beginning of a step, in the order in which they became so. */
  ready(i: number): number[] {
    const ready = new Set<number>()
    const end = this.steps[i]?.n ?? this.index.end + 1
    for (let position = 0; position < end - this.index.start; position++) {
      const event = this.index.events[position] as TraceEvent // It is before the step.
      if (event.e === 'spawn' || event.e === 'wake' || event.e === 'return' || event.e === 'call')
        ready.add(event.co)
      else if (event.e === 'yield' && !this.index.parks(position)) ready.add(event.co)
      else if (event.e === 'resume' || event.e === 'exit') ready.delete(event.co)
    }
    return [...ready]
  }

  /** What a side does, for the sentence. */
  text(side: Side | null): string {
    if (side === null) return 'nothing follows'
    const suspended = side.yielded === null ? 'begins' : `continues after ${oneLine(side.yielded)}`
    const at = side.at === undefined ? '' : ` at ${oneLine(side.at)}`
    const event = this.index.event(side.n) as TraceEvent // The side has its number.
    return `${oneLine(side.name)} ${suspended}${at}${didOf(event)}`
  }
}

function difference(
  kind: Difference['kind'],
  i: number,
  first: Reader,
  second: Reader,
  action?: number,
): Difference {
  const [a, b] = [first.side(i, action), second.side(i, action)]
  const text = `in step ${i + 1} the traces differ: in the first one ${first.text(a)}; in the second one ${second.text(b)}`
  return { step: i + 1, kind, a, b, ready: (a === null ? second : first).ready(i), text }
}

function didOf(event: TraceEvent): string {
  const key = event.e === 'resume' ? entered(event) : `, and ${keyOf(event) ?? ''}`
  return oneLine(key)
}

function entered({ how, value }: ResumeEvent): string {
  if (how === 'value') return value === undefined ? '' : ` with ${value}`
  return value === undefined
    ? how === 'error'
      ? ' with an error'
      : ', which is made to return'
    : ` with the ${how} ${value}`
}

function isSameAnswer(a: ResumeEvent, b: ResumeEvent): boolean {
  return a.how === b.how && isSameValue(a.value, b.value)
}

/** Values may be recorded in one of the traces only. */
function isSameValue(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b
}

/** The index of the first action that is different; undefined if there is none. */
function firstDifferent(a: readonly TraceEvent[], b: readonly TraceEvent[]): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]]
    if (left === undefined || right === undefined) return i
    if (keyOf(left) !== keyOf(right) || !isSameValue(valueIn(left), valueIn(right))) return i
  }
  return undefined
}

/** What a task does, but for values; undefined if it is nothing that tasks do. */
function keyOf(event: TraceEvent): string | undefined {
  switch (event.e) {
    case 'spawn':
      return `spawns ${event.name}#${event.co}`
    case 'yield':
      return `yields ${event.ev}`
    case 'call':
      return `calls ${event.name ?? 'a coroutine'}`
    case 'return':
      return `its callee ends with the ${event.how}`
    case 'exit':
      return event.outcome === 'returned' ? 'ends' : `ends: ${event.outcome}`
    case 'cancel':
      return event.by.kind === 'task' ? `cancels the task with the id ${event.co}` : undefined
    default:
      return undefined
  }
}

function valueIn(event: TraceEvent): string | undefined {
  if (event.e === 'exit') return event.value ?? event.error
  return event.e === 'return' ? event.value : undefined
}
