/**
 * The error classes of sockets: one for each thing that a caller would do differently. `ClosedError` and `TimeoutError` are
 * the scheduler's.
 */

/**
 * The connection is gone, and not by an orderly end: the peer reset it, or went away while we were sending. Never
 * confused with the end of the stream, after which everything that was sent has arrived.
 */
export class ConnectionResetError extends Error {
  /** The system's name for it: `ECONNRESET`, `EPIPE` ... */
  readonly code: string

  static {
    ConnectionResetError.prototype.name = 'ConnectionResetError'
  }

  /**
   * Makes one.
   *
   * @param message what happened
   * @param code the system's name for it
   * @param options the system's error, as `cause`
   */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Another task is in the middle of the same operation on this connection: its bytes and ours would get mixed up.
 */
export class BusyError extends Error {
  /** Stable, for programs that tell errors apart by code. */
  readonly code = 'ERR_BLUELET_BUSY'
  static {
    BusyError.prototype.name = 'BusyError'
  }
}

/**
 * A connection could not be made. The message names each address that was tried and what came of it.
 */
export class ConnectError extends Error {
  /** The system's name for the last failure: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT` ... */
  readonly code: string
  /** What came of each attempt, in order. */
  readonly errors: readonly Error[]

  static {
    ConnectError.prototype.name = 'ConnectError'
  }

  /**
   * Makes one.
   *
   * @param message what was tried
   * @param code the system's name for the last failure
   * @param errors what came of each attempt
   */
  constructor(message: string, code: string, errors: readonly Error[]) {
    super(message, { cause: errors.at(-1) })
    this.code = code
    this.errors = errors
  }
}

/**
 * A listener could not be opened.
 */
export class ListenError extends Error {
  /** The system's name for it: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` ... */
  readonly code: string

  static {
    ListenError.prototype.name = 'ListenError'
  }

  /**
   * Makes one.
   *
   * @param message what happened
   * @param code the system's name for it
   * @param options the system's error, as `cause`
   */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * The bytes that were asked for did not come within the limit; they are still there to be read.
 */
export class LimitError extends Error {
  /** Stable, for programs that tell errors apart by code. */
  readonly code = 'ERR_BLUELET_LIMIT'
  static {
    LimitError.prototype.name = 'LimitError'
  }
}

/**
 * The stream ended before the bytes that were asked for had come.
 */
export class IncompleteReadError extends Error {
  /** Stable, for programs that tell errors apart by code. */
  readonly code = 'ERR_BLUELET_INCOMPLETE_READ'
  /** What had come. */
  readonly partial: Buffer

  static {
    IncompleteReadError.prototype.name = 'IncompleteReadError'
  }

  /**
   * Makes one.
   *
   * @param message what was asked for
   * @param partial what had come
   */
  constructor(message: string, partial: Buffer) {
    super(message)
    this.partial = partial
  }
}

/** The system's name for an error: its `code`, or `unknown`. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : 'unknown'
}

/** A value in an error message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)
  if (typeof value === 'function') return `a function (${value.name || 'anonymous'})`
  if (typeof value !== 'object' || value === null) return String(value)
  return `an object (${value.constructor?.name ?? 'without a class'})`
}
