/**
 * A trace as text: JSON Lines, the header first, then a line for each event.
 */

import { inspect } from '../check.js'
import { SCHEMA, type Trace, type TraceEvent, type TraceHeader } from './schema.js'

/** What JSON.parse accepts in one line; of a longer one the beginning is shown. */
const MAX_SHOWN = 60

/** The trace as text, which ends with a line feed. */
export function stringify(trace: Trace): string {
  return [trace.header, ...trace.events].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/**
 * The trace of a text that `stringify` made. Fields that this version does not know are kept, so
 * that a newer program's trace can be read as far as it is the same version of the format.
 *
 * @throws SyntaxError if the text is no trace, is damaged, or has another version; the message says
 *   in which line
 */
export function parse(text: string): Trace {
  if (typeof text !== 'string') throw new TypeError(`parse(text): expected a string, got ${inspect(text)}`)
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const [first = '', ...rest] = lines
  const header = headerIn(first)
  const events = rest.map((line, i) => eventIn(line, i + 2))
  const start = events[0]?.n ?? 0
  for (const [i, { n }] of events.entries()) checkNumber(n, start + i, i + 2)
  return { header, events }
}

function headerIn(line: string): TraceHeader {
  const header = objectIn(line)
  const schema = header?.schema
  if (header === undefined || typeof schema !== 'string') {
    throw new SyntaxError(
      `this is no trace: expected a first line such as {"schema":"${SCHEMA}",...}, got ${JSON.stringify(line.slice(0, MAX_SHOWN))}`,
    )
  }
  if (schema !== SCHEMA) {
    throw new SyntaxError(
      `this trace has the format ${inspect(schema)}, which this version cannot read: it reads ${SCHEMA}`,
    )
  }
  return { schema, clock: 'real', unit: 'ms', dropped: 0, ...header } as unknown as TraceHeader // With what every version has.
}

function eventIn(line: string, number: number): TraceEvent {
  const event = objectIn(line)
  if (typeof event?.e === 'string' && Number.isSafeInteger(event.n) && typeof event.t === 'number') {
    return event as unknown as TraceEvent // It has what every event has.
  }
  throw new SyntaxError(
    `line ${number} of the trace is no event: expected {"n":number,"t":number,"e":string,...}, got ${JSON.stringify(line.slice(0, MAX_SHOWN))}`,
  )
}

function checkNumber(n: number, expected: number, line: number): void {
  if (n === expected) return
  throw new SyntaxError(
    `line ${line} of the trace: expected n ${expected}, got ${n}: a line is missing or twice`,
  )
}

function objectIn(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined // It is an object.
  } catch {
    return undefined
  }
}
