// Streams for the tests of `read` and `write`.
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type ReadableLike, read } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'
import { turn } from '../../support/deadline.js'

/** A file with enough text to read in parts. */
export const THIS_FILE = fileURLToPath(import.meta.url)

/** A stream that holds the chunks and has not ended. */
export function filled(...chunks: (string | Uint8Array)[]): PassThrough {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  return stream
}

/** A stream that gives the chunks and ends. */
export function whole(...chunks: (string | Uint8Array)[]): PassThrough {
  return filled(...chunks).end()
}

/** A stream that completes no write until `handOn` is called. */
export class Slow extends Writable {
  readonly taken: string[] = []
  readonly #callbacks: ((error?: Error | null) => void)[] = []

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.taken.push(`${chunk}`)
    this.#callbacks.push(callback)
  }

  /** Completes the pending write. */
  handOn(error?: Error): void {
    this.#callbacks.shift()!(error)
  }
}

/** Performs the reads one after the other; gives their text. */
export function* reads(stream: ReadableLike, ...counts: number[]): Coroutine<string[]> {
  const texts: string[] = []
  for (const n of counts) texts.push(`${yield* read(stream, n)}`)
  return texts
}

/** Waits until the event loop has polled, so that no work that Node deferred is left. */
export function* nodeTurns(count = 3): Coroutine<void> {
  for (let i = 0; i < count; i++) yield turn()
}

/** A stream whose end has been reached. */
export function ended(): PassThrough {
  return new PassThrough().end().resume()
}
