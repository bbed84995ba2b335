/**
 * What the halves of a connection answer: a waiting task, a branch of a combination, or what passes
 * bytes on without a task. Types only.
 */

/** Receives the answer to a read or a send. */
export interface Receiver<in T> {
  /** The party that waits, for messages; the receiver itself if the answer cannot be lost. */
  readonly task: unknown
  /** The read or the send is done. */
  resume(value: T): void
  /** It has failed. */
  throw(error: unknown): void
}

/** What a read gives: its request alone has the type. */
export type Answer = never

/**
 * What uses a half alone: the stream that a connection was turned into, or the change to TLS.
 */
export interface Owner {
  /** As messages call it. */
  readonly user: string
  /** Whether nothing may be read ahead meanwhile. */
  readonly holdsInput: boolean
  /** The connection has been closed here. */
  closed(): void
}
