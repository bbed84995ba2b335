/**
 * A program and its settings as the text behind the `#` of a link: JSON, deflated, in base64url.
 */

import { type Lesson, lessonIn } from '../lessons/lesson.js'
import { MAX_SOURCE, type Program } from './compile.js'

/** The world of a run; what is left out is as the program says. */
export interface Settings {
  readonly seed?: number
  /** Milliseconds of a packet. */
  readonly latency?: number
  readonly fragment?: boolean
  readonly shuffle?: boolean
}

/** What a link contains. */
export interface Shared {
  readonly program: Program
  readonly settings: Settings
  /** It is shown without its output until the reader runs it. */
  readonly predict?: boolean
  /** The lesson whose program it is. */
  readonly lesson?: Lesson
}

/** The text for a link. */
export async function encode(shared: Shared): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(shared))
  const deflated = await collect(
    through(bytes, new CompressionStream('deflate-raw')),
    Number.POSITIVE_INFINITY,
  )
  let binary = ''
  for (const byte of deflated) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/**
 * What a text contains.
 *
 * @throws SyntaxError if it is no such text, or a part of one
 */
export async function decode(text: string): Promise<Shared> {
  let value: unknown
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    const inflated = await collect(through(bytes, new DecompressionStream('deflate-raw')), 4 * MAX_SOURCE)
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(inflated))
  } catch {
    throw new SyntaxError('this link is damaged: it contains no program')
  }
  const shared = sharedIn(value)
  if (shared === null) throw new SyntaxError('this link contains no program that this page can read')
  return shared
}

/** What a value is, if it is what a link contains: a stranger may have made it. */
export function sharedIn(value: unknown): Shared | null {
  if (!isRecord(value) || !isRecord(value.program)) return null
  const { main, files } = value.program
  if (typeof main !== 'string' || !isRecord(files)) return null
  const entries = Object.entries(files)
  const fit = (entry: [string, unknown]): entry is [string, string] =>
    typeof entry[1] === 'string' && entry[1].length <= MAX_SOURCE && entry[0].length <= 100
  if (entries.length > 20 || !entries.every(fit) || !Object.hasOwn(files, main)) return null
  const lesson = lessonIn(value.lesson)
  return {
    program: { main, files: Object.fromEntries(entries) },
    settings: settingsIn(value.settings),
    ...(value.predict === true ? { predict: true } : {}),
    ...(lesson === null ? {} : { lesson }),
  }
}

function settingsIn(value: unknown): Settings {
  if (!isRecord(value)) return {}
  const { seed, latency, fragment, shuffle } = value
  return {
    ...(Number.isSafeInteger(seed) ? { seed: seed as number } : {}),
    ...(typeof latency === 'number' && latency >= 0 && latency <= 60_000 ? { latency } : {}),
    ...(typeof fragment === 'boolean' ? { fragment } : {}),
    ...(typeof shuffle === 'boolean' ? { shuffle } : {}),
  }
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(stream)
}

/** @throws RangeError if there are more bytes than `max` */
async function collect(stream: ReadableStream<Uint8Array>, max: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = stream.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > max) {
      void reader.cancel().catch(() => {})
      throw new RangeError('too large')
    }
    parts.push(part.value)
  }
  const all = new Uint8Array(size)
  let place = 0
  for (const part of parts) {
    all.set(part, place)
    place += part.length
  }
  return all
}
