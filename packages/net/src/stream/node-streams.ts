/**
 * What this package needs of Node's streams. Interfaces only, so that the types of users need no
 * `@types/node`, and so that lookalikes of other packages work.
 */

/**
 * What `read` needs of a readable stream. Node's have it: files, pipes, sockets, `process.stdin`,
 * zlib ...
 */
export interface ReadableLike {
  /** Whether `'end'` has been emitted. */
  readonly readableEnded?: boolean
  /** The encoding that `setEncoding` has set. */
  readonly readableEncoding?: string | null
  /** How much the stream has read ahead: of bytes, or of characters if it has an encoding. */
  readonly readableLength?: number
  /** Whether the stream is one of objects. */
  readonly readableObjectMode?: boolean
  /** Whether the stream has been destroyed. */
  readonly destroyed?: boolean
  /** The error that has destroyed the stream. */
  readonly errored?: Error | null
  /** Takes what the stream has read ahead, or as much of it. */
  read(n?: number): unknown
  /** Puts a chunk back. */
  unshift(chunk: unknown): unknown
  /** Stops emitting `'data'`. */
  pause(): unknown
  /** Starts emitting `'data'`. */
  resume(): unknown
  /** Adds a listener. */
  on(event: string, listener: (argument: unknown) => void): unknown
  /** Removes a listener. */
  off(event: string, listener: (argument: unknown) => void): unknown
  /** Counts the listeners. */
  listenerCount(event: string): number
}

/**
 * What `write` needs of a writable stream. Node's have it: files, pipes, sockets, `process.stdout`,
 * zlib ...
 */
export interface WritableLike {
  /** Whether the stream can be written to. */
  readonly writable: boolean
  /** Whether `end()` has been called. */
  readonly writableEnded?: boolean
  /** Whether the stream has been destroyed. */
  readonly destroyed?: boolean
  /** The error that has destroyed the stream. */
  readonly errored?: Error | null
  /** Writes bytes. Calls back when they have been handed on, or with an error. */
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  /** Adds a listener. */
  on(event: string, listener: (argument: unknown) => void): unknown
}
