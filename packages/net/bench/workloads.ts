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

/** Enough to keep a server busy, whose answer to many would take longer than a quick window. */
const HANDSHAKING_CLIENTS = 16

/**
 * Datagrams of a burst, and the clients that send them: what they have under way fits into a
 * socket.
 */
const BURST = 64
const BURST_CLIENTS = 3

/** Connections of the load of Redis, and commands of each that are sent at once. */
const REDIS_CONNECTIONS = 50
const REDIS_IN_FLIGHT = 16

/**
 * - echo: a message, its echo, the next message
 * - lines: lines, the same lines, the next lines
 * - pieces: an echo whose server reads a small part of the message at a time
 * - redis: SET and GET, sent by redis-benchmark
 * - connects: connect, one echo, close
 * - tls: an echo over a connection that stays
 * - handshakes: connect, handshake, one echo, close
 * - datagrams: an echo, each client with a socket of its own
 * - bursts: datagrams at once, and one answer to all of them
 */
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number]

export const WORKLOAD_KINDS = [
  ...(['echo', 'lines', 'pieces', 'redis', 'connects'] as const),
  ...(['tls', 'handshakes', 'datagrams', 'bursts'] as const),
]

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

export function tls(messageBytes: number): Workload {
  return { ...echo(CONNECTIONS, messageBytes), what: 'tls', service: 'tls' }
}

export const handshakes: Workload = { ...tls(1), what: 'handshakes', connections: HANDSHAKING_CLIENTS }

export const datagrams: Workload = {
  ...echo(CONNECTIONS, SMALL_BYTES),
  what: 'datagrams',
  service: 'datagrams',
}

export const bursts: Workload = {
  ...echo(BURST_CLIENTS, SMALL_BYTES),
  what: 'bursts',
  service: 'bursts',
  inFlight: BURST,
}

/** All of them, in the order of the tables. */
export const workloads: readonly Workload[] = [
  ...[SMALL_BYTES, LARGE_BYTES].flatMap((bytes) => [1, CONNECTIONS, 1000].map((n) => echo(n, bytes))),
  ...[1, 16, 64].map(lines),
  pieces,
  redis,
  connects,
  tls(SMALL_BYTES),
  tls(LARGE_BYTES),
  handshakes,
  datagrams,
  bursts,
]
