/** One direction of a connection: what can be read, and what can be written. Types only. */

import type { Connection } from './connection.js'

/**
 * What tasks read: a connection, or an output of a process. Its words are those of
 * {@link Connection}.
 */
export interface Input
  extends Pick<
    Connection,
    'close' | 'peek' | 'readall' | 'readexactly' | 'readline' | 'readuntil' | 'recv' | 'recvInto'
  > {
  /**
   * Whether it is closed. Bytes that arrived before can still be read, unless it was closed here.
   */
  readonly closed: boolean
  /** How many bytes this process has received and no task has read. More may lie in the system. */
  readonly buffered: number
}

/**
 * What tasks write: a connection, or the input of a process. Its words are those of
 * {@link Connection}.
 */
export interface Output
  extends Pick<Connection, 'abort' | 'close' | 'flush' | 'send' | 'sendall' | 'shutdown' | 'trySend'> {
  /** Whether it is closed. */
  readonly closed: boolean
  /** How many bytes of what was sent wait in this process. */
  readonly unsent: number
}
