/**
 * A trace as text for people: a line for each step.
 */

import { causeOfResume } from '../cause.js'
import type { ResumeEvent, Trace, TraceEvent } from '../schema.js'
import { type Step, steps } from '../steps.js'
import { indexOf, type TraceIndex } from '../trace-index.js'
import { oneLine, short } from './escape.js'

/** Longer ones are cut. */
const MAX_NAME = 24
const MAX_VALUE = 24
const MAX_RESULT = 32

/**
 * A trace as text, which ends with a line feed: a line for each step, with its number, its time,
 * the task, what it was entered with, what came of it, and why it ran. What the program printed and
 * what was typed follows below the step, as do warnings.
 *
 *     1  0 ms  main#1         -> spawn(child)  because it was spawned from outside
 *     2  0 ms  child#2        -> sleep(5)      because main#1 spawned it in step 1
 *
 * @throws TypeError if it is no trace
 */
export function toText(trace: Trace): string {
  const index = indexOf(trace)
  const rows = steps(trace).map((step) => rowOf(index, step))
  const columns = rows[0]?.cells.length ?? 0
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map(({ cells }) => lengthOf(cells[i]))),
  )
  const lines = rows.flatMap(({ cells, below }) => {
    const padded = cells.map((cell, i) => (i < 2 ? cell.padStart(widths[i] ?? 0) : pad(cell, widths[i] ?? 0)))
    return [padded.join('  ').trimEnd(), ...below]
  })
  return `${[...head(trace), ...between(index, 0), ...lines].join('\n')}\n`
}

function head({ header }: Trace): string[] {
  const { clock, seed, schedule, dropped } = header
  const facts = [
    clock === 'virtual' ? 'virtual time' : 'real time',
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...(schedule === undefined ? [] : [`schedule '${oneLine(schedule)}'`]),
    ...(dropped === 0 ? [] : [`${dropped} older events were dropped`]),
  ]
  return [facts.join(', ')]
}

interface Row {
  readonly cells: readonly string[]
  /** The lines that follow. */
  readonly below: readonly string[]
}

function rowOf(index: TraceIndex, { number, n, last, t, co, result }: Step): Row {
  const resume = index.event(n) as ResumeEvent // A step begins with one.
  return {
    cells: [
      `${number}`,
      `${t} ms`,
      short(index.nameOf(co), MAX_NAME),
      entered(resume),
      `-> ${short(resultText(index.event(result)), MAX_RESULT)}`,
      `because ${oneLine(causeOfResume(index, resume).text)}`,
    ],
    below: between(index, n - index.start + 1, last - index.start + 1),
  }
}

/** What a step was entered with. */
function entered({ how, value }: ResumeEvent): string {
  if (how === 'value') return short(value ?? '', MAX_VALUE)
  return short(value === undefined ? how : `${how} ${value}`, MAX_VALUE)
}

/** What came of a step. */
function resultText(event: TraceEvent | undefined): string {
  if (event?.e === 'yield') return event.ev
  if (event?.e === 'return') return event.how === 'error' ? 'throws' : 'returns'
  if (event?.e !== 'exit') return '?'
  if (event.outcome === 'killed') return 'is killed'
  if (event.outcome === 'threw') return `throws ${event.error ?? ''}`.trimEnd()
  return event.value === undefined || event.value === 'undefined' ? 'ends' : `ends with ${event.value}`
}

/** What was printed and typed, and the warnings, before the first step or within one. */
function between(index: TraceIndex, from: number, to?: number): string[] {
  const end = to ?? (index.resumes[0]?.n ?? index.end + 1) - index.start
  const lines: string[] = []
  for (let position = from; position < end; position++) {
    const event = index.events[position]
    if (event?.e === 'log') lines.push(`      | ${oneLine(event.text)}`)
    if (event?.e === 'input') lines.push(`      < ${oneLine(event.id)}: ${oneLine(event.data)}`)
    if (event?.e === 'warn') lines.push(`      ! ${oneLine(event.rule)}: ${oneLine(event.msg)}`)
  }
  return lines
}

/** The number of characters. */
function lengthOf(text: string | undefined): number {
  return [...(text ?? '')].length
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - lengthOf(text))
}
