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
  const reader = new TraceReader()
  reader.add(text)
  return reader.end()
}

/**
 * Reads a trace piece by piece: one that is too long to be read at once, or that is still being
 * written. Pieces may end anywhere, also within a line.
 */
export class TraceReader {
  #header: TraceHeader | undefined = undefined
  readonly #events: TraceEvent[] = []
  /** The pieces of a line whose end has not come yet. */
  #open: string[] = []
  #pending = 0

  /** The number of whole lines that were read. */
  get lines(): number {
    return this.#header === undefined ? 0 : this.#events.length + 1
  }

  /** The number of events that were read. */
  get size(): number {
    return this.#events.length
  }

  /** The number of characters of the line whose end has not come yet. */
  get pending(): number {
    return this.#pending
  }

  /**
   * Reads the next piece of the text.
   *
   * @throws SyntaxError if the text is no trace, is damaged, or has another version; the message
   *   says in which line
   */
  add(text: string): void {
    const lines = text.split('\n')
    const last = lines.pop() as string // There is always one.
    for (const line of lines) {
      this.#line(this.#open.length === 0 ? line : this.#open.join('') + line)
      this.#open = []
    }
    if (lines.length > 0) this.#pending = 0
    if (last === '') return
    this.#open.push(last)
    this.#pending += last.length
  }

  /**
   * The trace, when all of the text was read. The last line need not end in a line feed.
   *
   * @throws SyntaxError as `add` does
   */
  end(): Trace {
    if (this.#pending > 0 || this.#header === undefined) this.add('\n')
    return this.stop()
  }

  /**
   * The trace as far as it was read in whole lines.
   *
   * @throws SyntaxError if there is none
   */
  stop(): Trace {
    return { header: this.#header ?? headerIn(''), events: this.#events }
  }

  #line(line: string): void {
    if (this.#header === undefined) {
      this.#header = headerIn(line)
      return
    }
    const number = this.#events.length + 2
    const event = eventIn(line, number)
    const before = this.#events.at(-1)
    if (before !== undefined) checkNumber(event.n, before.n + 1, number)
    this.#events.push(event)
  }
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
