// The expected result of each read, computed from the whole stream, and a socket that gives a
// stream in pieces.
import { type Address, type Connection, IncompleteReadError, LimitError } from '@bluelet/net'
import { type DriverSocket, type Observer, READABLE } from '@bluelet/net/driver'
import type { Coroutine, Event } from '@bluelet/scheduler'
import fc from 'fast-check'

/** One read, as the test performs it. */
export type Call =
  | { readonly kind: 'recv' | 'recvInto' | 'peek'; readonly max: number }
  | { readonly kind: 'readline' | 'readuntil'; readonly terminator: string; readonly limit: number }
  | { readonly kind: 'text'; readonly terminator: string; readonly limit: number }
  | { readonly kind: 'readexactly' | 'message'; readonly n: number }
  | { readonly kind: 'readall'; readonly limit: number }

/** Written over all bytes that a read gave, since they must belong to its caller alone. */
const SCRATCH = 0xee

/**
 * Makes the calls on a connection, then reads the rest. Each result must match the oracle, whatever
 * the pieces of the stream.
 *
 * @throws an error that names the call and its wrong result
 */
export function* readThrough(conn: Connection, stream: Buffer, calls: readonly Call[]): Coroutine<void> {
  let rest = stream
  const given: Buffer[] = []
  for (const call of [...calls, { kind: 'readall', limit: Number.POSITIVE_INFINITY } as const]) {
    let got: Buffer | string | null | Error
    try {
      // Not yield*, with which an error would cost a captured stack. Half of the calls end with an
      // error.
      got = (yield perform(conn, call)) as Buffer | string | null
    } catch (error) {
      if (!(error instanceof LimitError || error instanceof IncompleteReadError)) throw error
      got = error
    }
    if (call.kind === 'text' && !(got instanceof Error)) got = bytesOfText(got, call.terminator, rest)
    const mistake = mistakeIn(got as Buffer | Error, call, rest)
    if (mistake !== null) throw new Error(`${JSON.stringify(call)}: ${mistake}; left was ${show(rest)}`)
    if (!(got instanceof Buffer)) continue
    if (call.kind !== 'peek') rest = rest.subarray(got.length)
    got.fill(SCRATCH)
    given.push(got)
  }
  const changed = given.find((bytes) => bytes.some((byte) => byte !== SCRATCH))
  if (changed !== undefined)
    throw new Error(`bytes that had been given were changed later, to ${show(changed)}`)
}

/** The bytes of a line, with the terminator that was removed. */
function bytesOfText(text: Buffer | string | null, terminator: string, rest: Buffer): Buffer {
  const whole = rest.includes(terminator) ? `${text}${terminator}` : `${text ?? ''}`
  return Buffer.from(whole, 'latin1')
}

function* recvInto(conn: Connection, max: number): Coroutine<Buffer> {
  const buffer = Buffer.alloc(max)
  return buffer.subarray(0, yield* conn.recvInto(buffer))
}

function perform(conn: Connection, call: Call): Event<Buffer | string | null> | Coroutine<Buffer> {
  switch (call.kind) {
    case 'recv':
      return conn.recv(call.max)
    case 'recvInto':
      return recvInto(conn, call.max)
    case 'peek':
      return conn.peek(call.max)
    case 'readline':
      return conn.readline(call.terminator, { limit: call.limit })
    case 'readuntil':
      return conn.readuntil(call.terminator, { limit: call.limit })
    case 'text':
      return conn.readline(call.terminator, { limit: call.limit, encoding: 'latin1' })
    case 'readexactly':
      return conn.readexactly(call.n)
    case 'message':
      return conn.readexactly(call.n, { end: 'empty' })
    case 'readall':
      return conn.readall({ limit: call.limit })
  }
}

/** The mistake in the result of a call made when `rest` was left of the stream, or null. */
function mistakeIn(got: Buffer | Error, call: Call, rest: Buffer): string | null {
  const expected = expectedOf(call, rest)
  if (typeof expected === 'number') {
    return got instanceof Buffer && got.equals(rest.subarray(0, expected)) ? null : `gave ${show(got)}`
  }
  if (expected === 'some') return mistakeInSome(got, (call as { max: number }).max, rest)
  if (!(got instanceof Error) || got.name !== expected)
    return `expected ${expected}, but it gave ${show(got)}`
  if (got instanceof IncompleteReadError && !got.partial.equals(rest)) return `partial: ${show(got.partial)}`
  return null
}

function mistakeInSome(got: Buffer | Error, max: number, rest: Buffer): string | null {
  const least = Math.min(1, rest.length)
  const sound =
    got instanceof Buffer &&
    got.length >= least &&
    got.length <= max &&
    got.equals(rest.subarray(0, got.length))
  return sound ? null : `gave ${show(got)}`
}

/** The number of bytes that a call gives, 'some' for 1 to max of them, or the name of its error. */
function expectedOf(call: Call, rest: Buffer): number | 'some' | 'LimitError' | 'IncompleteReadError' {
  switch (call.kind) {
    case 'recv':
    case 'recvInto':
    case 'peek':
      return 'some'
    case 'message':
    case 'readexactly':
      if (call.kind === 'message' && rest.length === 0) return 0
      return rest.length >= call.n ? call.n : 'IncompleteReadError'
    case 'readall':
      return rest.length <= call.limit ? rest.length : 'LimitError'
    default: {
      const { terminator, limit, kind } = call
      const begin = rest.indexOf(terminator)
      if (begin !== -1) return begin <= limit ? begin + terminator.length : 'LimitError'
      if (kind !== 'readuntil') return rest.length <= limit ? rest.length : 'LimitError'
      // A whole terminator might still have arrived within the limit.
      return rest.length < limit + terminator.length ? 'IncompleteReadError' : 'LimitError'
    }
  }
}

function show(what: Buffer | Error): string {
  if (!(what instanceof Buffer)) return `${what}`
  return `${what.length} bytes ${JSON.stringify(what.subarray(0, 60).toString('latin1'))}`
}

/** A stream of bytes, its pieces, and the reads. */
export interface ReadCase {
  readonly stream: Buffer
  readonly pieces: readonly (Buffer | null)[]
  readonly calls: readonly Call[]
}

const LETTERS = 'ab\r\n'

/** Few letters, and terminators that overlap themselves, so that every way to split one occurs. */
const terminators = fc.constantFrom('\n', '\r\n', 'a', 'aa', 'aaa', 'aba', 'abab', '\n\n', 'ab\r\n')

/**
 * Random streams, pieces and calls.
 *
 * @param scale 1 for streams of a few bytes; `n` replaces each letter by up to `n` of them
 */
export function readCases(scale = 1): fc.Arbitrary<ReadCase> {
  const length = fc.nat(Math.round(8 * scale))
  const call: fc.Arbitrary<Call> = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('recv', 'recvInto'),
        max: fc.integer({ min: 1, max: 5 * scale }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('peek'), max: fc.integer({ min: 1, max: 5 * scale }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('readline', 'text', 'readuntil'),
        terminator: terminators,
        limit: length,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('readexactly', 'message'), n: length }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('readall'), limit: length }) },
  )
  // Each number encodes a letter, the length of its run, whether a piece ends there, and whether
  // reading would block there. A number costs a tenth of a record.
  const letters = fc.array(fc.nat(4 * 8 - 1), { maxLength: 32 })
  return fc
    .record({ letters, run: fc.integer({ min: 1, max: scale }), calls: fc.array(call, { maxLength: 6 }) })
    .map(({ letters, run, calls }) => {
      const pieces: (Buffer | null)[] = []
      let piece = ''
      for (const number of letters) {
        piece += LETTERS[number % 4]!.repeat(number % 3 === 0 ? run : 1)
        if (number < 16) continue
        pieces.push(Buffer.from(piece, 'latin1'))
        piece = ''
        if (number >= 24) pieces.push(null)
      }
      if (piece !== '') pieces.push(Buffer.from(piece, 'latin1'))
      const stream = Buffer.concat(pieces.filter((piece) => piece !== null))
      return { stream, pieces, calls }
    })
}

/**
 * A driver's socket that gives each piece of a stream once and would block at a null. Then the
 * stream ends.
 */
export class ScriptedSocket implements DriverSocket {
  observer: Observer | null = null
  readonly localAddress: Address | undefined
  readonly remoteAddress: Address | undefined
  readonly unsent = 0
  /** The number of bytes read. */
  given = 0
  readonly #pieces: (Buffer | null)[]
  #next = 0

  constructor(pieces: readonly (Buffer | null)[]) {
    // Copies, since a reader may write over the bytes that a driver gives.
    this.#pieces = pieces.map((piece) => (piece === null ? null : Buffer.from(piece)))
  }

  read(max: number): Buffer | null {
    const piece = this.#pieces[this.#next]
    if (piece === undefined) return Buffer.alloc(0)
    if (piece === null) {
      this.#next++
      queueMicrotask(() => this.observer?.ready(READABLE))
      return null
    }
    if (piece.length > max) this.#pieces[this.#next] = piece.subarray(max)
    else this.#next++
    const part = piece.subarray(0, max)
    this.given += part.length
    return part
  }

  write(bytes: Uint8Array): number {
    return bytes.length
  }

  shutdown(): void {}

  close(): void {}

  reset(): void {
    this.close()
  }
}
