// The workloads: what the clients do, and with how many connections.
import type { Service } from './sides.js'

export const SMALL_BYTES = 64
export const LARGE_BYTES = 64 * 1024

/** Bytes that a server reads at a time, unless messages are larger: several small messages. */
const BUFFER_BYTES = 1024

/** A message that servers read in pieces, and the size of a piece. */
const MESSAGE_OF_PIECES_BYTES = 1024
const PIECE_BYTES = 64

/** Number of connections, unless the workload is about their number. */
const CONNECTIONS = 64

/** Connections of the load of Redis, and commands of each that are sent at once. */
const REDIS_CONNECTIONS = 50
const REDIS_IN_FLIGHT = 16

/**
 * - echo: a message, its echo, the next message
 * - lines: lines, the same lines, the next lines
 * - pieces: an echo whose server reads a small part of the message at a time
 * - redis: SET and GET, sent by redis-benchmark
 * - connects: connect, one echo, close
 */
export type WorkloadKind = 'echo' | 'lines' | 'pieces' | 'redis' | 'connects'

/** What the clients do. */
export interface Workload {
  readonly what: WorkloadKind
  readonly service: Service
  readonly connections: number
  readonly messageBytes: number
  /** Number of messages that a client sends before it waits for the answers. */
  readonly inFlight: number
  /** The size of the server's reads, if its runtime lets it choose. */
  readonly bufferBytes: number
}

export function echo(connections: number, messageBytes: number): Workload {
  const bufferBytes = Math.max(BUFFER_BYTES, messageBytes)
  return { what: 'echo', service: 'echo', connections, messageBytes, inFlight: 1, bufferBytes }
}

export function lines(inFlight: number): Workload {
  return { ...echo(CONNECTIONS, SMALL_BYTES), what: 'lines', service: 'lines', inFlight }
}

export const pieces: Workload = {
  ...echo(CONNECTIONS, MESSAGE_OF_PIECES_BYTES),
  what: 'pieces',
  bufferBytes: PIECE_BYTES,
}

export const redis: Workload = {
  ...echo(REDIS_CONNECTIONS, 3), // redis-benchmark sends values of three bytes.
  what: 'redis',
  service: 'redis',
  inFlight: REDIS_IN_FLIGHT,
}

export const connects: Workload = { ...echo(CONNECTIONS, SMALL_BYTES), what: 'connects' }

/** All of them, in the order of the tables. */
export const workloads: readonly Workload[] = [
  ...[SMALL_BYTES, LARGE_BYTES].flatMap((bytes) => [1, CONNECTIONS, 1000].map((n) => echo(n, bytes))),
  ...[1, 16, 64].map(lines),
  pieces,
  redis,
  connects,
]
