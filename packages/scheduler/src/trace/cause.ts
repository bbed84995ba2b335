/**
 * The reason of one event, as data and as a sentence.
 */

import type {
  CancelEvent,
  IoCause,
  IoEvent,
  ResumeEvent,
  SpawnEvent,
  TaskCause,
  WakeEvent,
} from './schema.js'
import type { TraceIndex } from './trace-index.js'

/** What kind of reason it is. */
export type CauseKind =
  | 'root'
  | 'spawn'
  | 'answer'
  | 'call'
  | 'return'
  | 'task'
  | 'timer'
  | 'read'
  | 'accept'
  | 'connected'
  | 'end'
  | 'failed'
  | 'writable'
  | 'closed'
  | 'external'
  | 'unknown'

/** Why something happened. */
export interface Cause {
  readonly kind: CauseKind
  /** The number of the `resume` by which the step began that did it; null: none in the trace. */
  readonly step: number | null
  /** The id of the task that did it; null if none did. */
  readonly task: number | null
  /** It cancelled the task. */
  readonly cancels?: true
  /** The number of bytes that arrived. */
  readonly bytes?: number
  /** What follows "because", in a sentence about the task as "it". */
  readonly text: string
}

/** Why a step began. */
export function causeOfResume(index: TraceIndex, resume: ResumeEvent): Cause {
  const cause = reasonOf(index, resume)
  // A trace that was written by hand may name a step that comes later, which would be a circle.
  return cause.step !== null && cause.step >= resume.n ? { ...cause, step: null } : cause
}

function reasonOf(index: TraceIndex, resume: ResumeEvent): Cause {
  const { because, co, n } = resume
  const read = index.find('io', resume.io)
  if (read !== undefined) return causeOfIo(index, 'read', read.bytes ?? 0, read)
  const delivered = deliveredBy(index, resume)
  if (delivered !== undefined) return causeOfCancel(index, delivered)
  const event = index.event(because)
  switch (event?.e) {
    case 'spawn':
      return causeOfSpawn(index, event)
    case 'wake':
      return causeOfWake(index, event)
    case 'yield':
      return own(index, n, co, 'answer', `${event.ev} was answered at once`)
    case 'call':
      return own(
        index,
        event.n,
        co,
        'call',
        `it called ${event.name === undefined ? 'a coroutine' : `${event.name}()`}`,
      )
    case 'return': {
      const name = index.calleeOf.get(event.n)
      const callee = name === undefined ? 'the coroutine' : `${name}()`
      return own(
        index,
        event.n,
        co,
        'return',
        `${callee} that it had called has ${event.how === 'error' ? 'failed' : 'ended'}`,
      )
    }
    case 'resume':
      return own(index, n, co, 'return', 'its coroutine has ended, and so must what ends with it')
    default:
      return UNKNOWN
  }
}

/** Why a task was made ready. */
export function causeOfWake(index: TraceIndex, wake: WakeEvent): Cause {
  const { by, co, n } = wake
  const wait = index.waitOf.get(n)
  const [cancel] = index.cancelsOf.get(co) ?? []
  if (cancel !== undefined && cancel.n < n && cancel.n > (wait?.n ?? -1)) return causeOfCancel(index, cancel)
  switch (by.kind) {
    case 'io':
      return causeOfIo(index, by.op, by.bytes, index.find('io', by.io))
    case 'task':
      return causeOfTask(index, by, n, wait?.ev)
    case 'external':
      return nowhere('external', EXTERNAL[by.source] ?? `${by.source} from outside ended its wait`)
    case 'timer':
      return nowhere('timer', causeOfTimer(index, co, by.due, wait?.ev))
  }
}

/** Why a task was cancelled. */
export function causeOfCancel(index: TraceIndex, cancel: CancelEvent): Cause {
  return { ...originOfCancel(index, cancel), cancels: true }
}

function originOfCancel(index: TraceIndex, { by, n }: CancelEvent): Cause {
  switch (by.kind) {
    case 'task':
      return from(index, 'task', n, by.co, by.step, `${index.nameOf(by.co)} cancelled it`)
    case 'timer':
      return nowhere('timer', `its time was over at ${by.due} ms`)
    case 'io': {
      const { text, ...cause } = causeOfIo(index, by.op, by.bytes, index.find('io', by.io))
      return { ...cause, text: `it was cancelled when ${text}` }
    }
    case 'external':
      return nowhere('external', 'it was cancelled from outside')
  }
}

/** What is said of what comes from outside. */
const EXTERNAL: Readonly<Record<string, string>> = {
  promise: 'the promise that it waited for was settled',
  callback: 'a callback was called',
  outside: 'something outside of the scheduler ended its wait',
  socket: 'something happened to its connection',
}

const UNKNOWN: Cause = nowhere('unknown', 'of something that is not in the recording')

function causeOfSpawn(index: TraceIndex, { n, parent, by }: SpawnEvent): Cause {
  if (parent === null) return nowhere('root', 'it was spawned from outside')
  return from(index, 'spawn', n, parent, by, `${index.nameOf(parent)} spawned it`)
}

/** The cancellation that a task gets in place of what it has yielded. */
function deliveredBy(index: TraceIndex, resume: ResumeEvent): CancelEvent | undefined {
  if (resume.how !== 'error') return undefined
  const { co, n, because } = resume
  const [cancel] = index.cancelsOf.get(co) ?? []
  if (cancel === undefined || cancel.n > n || (index.find('yield', because)?.n ?? -1) < cancel.n)
    return undefined
  let first = index.nextResume(co, cancel.n)
  while (first?.how === 'value') first = index.nextResume(co, first.n)
  return first?.n === n ? cancel : undefined
}

function causeOfTask(index: TraceIndex, { co, step }: TaskCause, n: number, wait: string | undefined): Cause {
  const name = index.nameOf(co)
  for (let i = n - 1; i > (step ?? n); i--) {
    const event = index.event(i)
    if (event?.e === 'exit' && event.co === co) {
      return from(index, 'task', n, co, step, `${name}, which it waited for, ended`)
    }
  }
  return from(index, 'task', n, co, step, `${name} ended its wait${wait === undefined ? '' : ` for ${wait}`}`)
}

function causeOfTimer(index: TraceIndex, co: number, due: number, wait: string | undefined): string {
  const cancel = (index.cancelsOf.get(co) ?? []).at(-1)
  // Times are sums of fractions.
  if (cancel !== undefined && Math.abs(cancel.t + cancel.grace - due) < 0.001) {
    return `the ${cancel.grace} ms for its clean-up were over`
  }
  return `${wait ?? 'its wait'} was over at ${due} ms`
}

function causeOfIo(index: TraceIndex, op: IoCause['op'], bytes: number, io: IoEvent | undefined): Cause {
  const origin = index.event(io?.cause)
  const step = origin?.e === 'io' || origin?.e === 'res' ? origin.step : null
  const task = index.find('resume', step)?.co ?? null
  const by = task === null ? undefined : `${index.nameOf(task)}`
  const at = task === null ? '' : inStep(index, step)
  const many = `${bytes} byte${bytes === 1 ? '' : 's'}`
  const cause = { kind: op, step: task === null ? null : step, task } as const
  switch (op) {
    case 'read': {
      const outside = io?.cause === null ? ' from outside' : ''
      return {
        ...cause,
        bytes,
        text: `${many} arrived${by === undefined ? outside : ` that ${by} sent${at}`}`,
      }
    }
    case 'end':
      return { ...cause, text: `${by ?? 'the peer'} ended its side of the connection${at}` }
    case 'accept':
      return { ...cause, text: `${by ?? 'a client'} connected${at}` }
    case 'connected':
      return { ...cause, text: `its connection was made${by === undefined ? '' : ` with ${by}${at}`}` }
    case 'failed':
      return { ...cause, text: `its connection failed${io?.value === undefined ? '' : `: ${io.value}`}${at}` }
    case 'writable':
      return { ...cause, text: 'its connection takes bytes again' }
    case 'closed':
      return { ...cause, text: 'its connection is closed' }
  }
}

/** A cause that is in an earlier step of the same task. */
function own(index: TraceIndex, n: number, co: number, kind: CauseKind, text: string): Cause {
  const step = index.previousResume(co, n)
  return { kind, step: step?.n ?? null, task: co, text }
}

/** A cause that is in a step of another task, before event `n`. */
function from(
  index: TraceIndex,
  kind: CauseKind,
  n: number,
  task: number,
  step: number | null,
  text: string,
): Cause {
  const known = step !== null && step < n && index.find('resume', step) !== undefined
  return { kind, step: known ? step : null, task, text: `${text}${known ? inStep(index, step) : ''}` }
}

/** A cause that is in no step. */
function nowhere(kind: CauseKind, text: string): Cause {
  return { kind, step: null, task: null, text }
}

function inStep(index: TraceIndex, step: number | null): string {
  return step === null ? '' : ` in step ${index.stepNumber(step)}`
}
