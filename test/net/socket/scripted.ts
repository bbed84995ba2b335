// Connections whose bytes arrive in pieces that a test chooses.

import { Connection } from '@bluelet/net'
import { type Coroutine, Scheduler } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { accepted, play } from '../world.js'
import { ScriptedSocket } from './read-oracle.js'

/** Runs a reader on a connection whose peer, a raw socket, wrote the text and ended its side. */
export function reading<T>(text: string | Buffer, reader: (conn: Connection) => Coroutine<T>): Promise<T> {
  return play(function* () {
    const { conn, peer } = yield* accepted()
    peer.write(text).end()
    try {
      return yield* reader(conn)
    } finally {
      conn.close()
    }
  })
}

/**
 * A connection that gets the pieces with a wait after each, and then the end, and its scheduler.
 */
export function scripted(pieces: readonly Buffer[]): {
  readonly scheduler: Scheduler
  readonly conn: Connection
} {
  const scheduler = new Scheduler()
  const conn = new Connection(
    new ScriptedSocket(pieces.flatMap((piece) => [piece, null])),
    runtimeOf(scheduler),
  )
  return { scheduler, conn }
}

/** Runs a reader on a connection that gets the pieces one by one. */
export function readingPieces<T>(
  pieces: readonly (string | Buffer)[],
  reader: (conn: Connection) => Coroutine<T>,
): Promise<T> {
  const { scheduler, conn } = scripted(pieces.map((piece) => Buffer.from(piece as string)))
  return scheduler.run(reader(conn))
}

/** The rest of the stream, as text. */
export function* restOf(conn: Connection): Coroutine<string> {
  return `${yield* conn.readall({ limit: Number.POSITIVE_INFINITY })}`
}

/** A text in pieces of `size` bytes. */
export function split(text: string, size: number): Buffer[] {
  const whole = Buffer.from(text)
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
    whole.subarray(i * size, (i + 1) * size),
  )
}
