/**
 * Reads a trace in slices, so that the page stays alive however long the file is. What is read is
 * limited: a page that shows a million events shows none.
 */

import { type Trace, type TraceHeader, TraceReader } from '@bluelet/scheduler/trace'

/** The events that are read; of more, the rest of the file is left. */
export const MAX_EVENTS = 200_000
/** A line that is longer is no line of a trace. The sources are in the first one. */
const MAX_LINE = 32 * 1024 * 1024
/** How much is read at once, in characters or bytes, and for how long. */
const SLICE = 64 * 1024
const SLICE_MS = 12

/** A trace, and what a reader should know of it. */
export interface Loaded {
  readonly trace: Trace
  /** A sentence if the trace is shown only in part. */
  readonly note: string | null
}

/**
 * Reads a trace.
 *
 * @param onProgress is called between slices with the part that is read, from 0 to 1
 * @throws SyntaxError if it is no trace, is damaged, or has another version
 */
export async function load(
  source: Blob | string,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<Loaded> {
  const reader = new TraceReader()
  const size = typeof source === 'string' ? source.length : source.size
  let begun = performance.now()
  for await (const { text, read } of typeof source === 'string' ? slices(source) : chunks(source)) {
    reader.add(text)
    if (reader.pending > MAX_LINE) {
      throw new SyntaxError(
        `this is no trace: line ${reader.lines + 1} is longer than ${MAX_LINE / 1024 / 1024} MB`,
      )
    }
    if (reader.size >= MAX_EVENTS && read < size) {
      const note = `This file has more than ${MAX_EVENTS.toLocaleString('en')} events. Shown are the first ones: ${Math.max(1, Math.round((100 * read) / size))} % of the file.`
      return { trace: checked(reader.stop()), note }
    }
    if (performance.now() - begun > SLICE_MS) {
      onProgress(read / size)
      await nextTask()
      signal.throwIfAborted()
      begun = performance.now()
    }
  }
  return { trace: checked(reader.end()), note: null }
}

/** Checks what a reader of lines leaves as it is: fields of the header that are used here. */
function checked(trace: Trace): Trace {
  const { dropped, sources = {}, begin = [] } = trace.header as Partial<Record<keyof TraceHeader, unknown>>
  const wrong = [
    !Number.isSafeInteger(dropped) && 'dropped',
    !(isObject(sources) && Object.values(sources).every((text) => typeof text === 'string')) && 'sources',
    !(Array.isArray(begin) && begin.every(isObject)) && 'begin',
  ].filter((name) => name !== false)
  if (wrong.length === 0) return trace
  throw new SyntaxError(`the header of this trace is damaged: it has a wrong value of ${wrong.join(', ')}`)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Part {
  readonly text: string
  /** How much of all is read with it. */
  readonly read: number
}

async function* slices(text: string): AsyncGenerator<Part> {
  for (let at = 0; at < text.length; at += SLICE) {
    yield { text: text.slice(at, at + SLICE), read: Math.min(at + SLICE, text.length) }
  }
}

async function* chunks(blob: Blob): AsyncGenerator<Part> {
  const decoder = new TextDecoder()
  for (let at = 0; at < blob.size; at += 16 * SLICE) {
    // Of a larger blob a slice is read at a time, so that memory holds no more of it.
    const text = decoder.decode(await blob.slice(at, at + 16 * SLICE).arrayBuffer(), { stream: true })
    for (let from = 0; from < text.length; from += SLICE) {
      const part = Math.min(1, (from + SLICE) / text.length)
      yield {
        text: text.slice(from, from + SLICE),
        read: Math.min(blob.size, at + Math.round(16 * SLICE * part)),
      }
    }
  }
}

/** Waits until the page has drawn and has taken what was typed. */
function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
