/**
 * A trace as a sequence diagram of Mermaid.
 */

import { checkLimit } from '../../check.js'
import type { LogEvent, ResumeEvent, Trace } from '../schema.js'
import { indexOf, type TraceIndex } from '../trace-index.js'
import { type Why, why } from '../why.js'
import { short } from './escape.js'

/** Longer messages are cut. */
const MAX_MESSAGE = 60

/** Options of {@link toMermaid}. */
export interface MermaidOptions {
  /** The number of messages; what follows is left out, and a note says so. The default is 200. */
  readonly limit?: number
}

/**
 * A trace as text for Mermaid (https://mermaid.js.org): a sequence diagram of what passes between
 * the user's own tasks. Bytes are arrows from the task that sent them to the task that ran because
 * of them; spawns, ends of tasks and ends of waits are arrows, too. A note says when time passes.
 *
 * @throws TypeError if it is no trace; RangeError if the limit is invalid
 */
export function toMermaid(trace: Trace, options: MermaidOptions = {}): string {
  const limit = checkLimit(options.limit ?? 200, 'toMermaid: limit')
  const index = indexOf(trace)
  const hidden = new Set(
    trace.events.flatMap((event) => (event.e === 'spawn' && event.library ? [event.co] : [])),
  )
  const lines: string[] = []
  const tasks = new Set<number>()
  let t = trace.events[0]?.t ?? 0
  let messages = 0
  for (const event of trace.events) {
    if (event.e !== 'resume' && event.e !== 'log') continue
    if (event.co !== null && hidden.has(event.co)) continue
    const line = event.e === 'log' ? noteOf(event) : messageOf(trace, index, event, hidden)
    if (event.co !== null) tasks.add(event.co)
    if (line === undefined) continue
    if (messages++ === limit) {
      lines.push(`  Note over ${over(tasks)}: more follows`)
      break
    }
    if (event.t !== t) lines.push(`  Note over ${over(tasks)}: ${event.t} ms`)
    t = event.t
    lines.push(line)
  }
  const participants = [...tasks]
    .sort((a, b) => a - b)
    .map((co) => `  participant t${co} as ${escaped(index.nameOf(co))}`)
  return `${['sequenceDiagram', ...participants, ...lines].join('\n')}\n`
}

function noteOf({ co, text }: LogEvent): string | undefined {
  return co === null ? undefined : `  Note over t${co}: prints ${escaped(text)}`
}

/** The arrow from the task that made another one run; undefined if none of the user's did. */
function messageOf(
  trace: Trace,
  index: TraceIndex,
  resume: ResumeEvent,
  hidden: ReadonlySet<number>,
): string | undefined {
  // What a task of the library passes on came from where that got it.
  let cause = why(trace, resume.n)
  while (cause.task !== null && hidden.has(cause.task) && cause.step !== null) cause = why(trace, cause.step)
  if (cause.task === null || cause.task === resume.co || hidden.has(cause.task)) return undefined
  return `  t${cause.task}${ARROWS[cause.kind] ?? '-->>'}t${resume.co}: ${escaped(label(index, cause, resume))}`
}

/** Bytes and connections are solid lines, the rest is dashed. */
const ARROWS: Readonly<Record<string, string>> = { read: '->>', accept: '->>' }

function label(index: TraceIndex, { kind, bytes, cancels }: Why, resume: ResumeEvent): string {
  if (cancels) return 'cancels'
  switch (kind) {
    case 'spawn':
      return 'spawns'
    case 'read':
      return resume.value === undefined ? `${bytes} bytes` : resume.value
    case 'accept':
      return 'connects'
    case 'end':
      return 'ends its side'
    default: {
      const wait = index.waitOf.get(resume.because ?? -1)
      return wait === undefined ? kind : wait.ev
    }
  }
}

/** From the first task to the last one. */
function over(tasks: ReadonlySet<number>): string {
  const ids = [...tasks].sort((a, b) => a - b)
  return [...new Set([ids[0], ids.at(-1)])].map((co) => `t${co}`).join(',')
}

/** A text as Mermaid takes it: what might mean something to it is written as a character code. */
function escaped(text: string): string {
  return short(text, MAX_MESSAGE).replace(
    /[^\p{L}\p{N} _.,()=/+*-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  )
}
