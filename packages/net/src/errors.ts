/**
 * The error classes of sockets: one for each thing that a caller would do differently.
 * `ClosedError` and `TimeoutError` are the scheduler's. Misuse is not here: it is a TypeError or a
 * RangeError.
 */

import { shown } from './check.js'

/**
 * The connection has ended other than by an orderly end: the peer reset it, or disappeared while we
 * were sending. An orderly end is never reported by this error: after that, everything that was
 * sent has arrived.
 */
export class ConnectionResetError extends Error {
  /** The system's name for the error: `ECONNRESET`, `EPIPE` ... */
  readonly code: string

  static {
    ConnectionResetError.prototype.name = 'ConnectionResetError'
  }

  /**
   * Makes an error.
   *
   * @param message what happened
   * @param code the system's name for the error
   * @param options the system's error, as `cause`
   */
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * The peer, or an attacker between us, has ended a TLS connection without saying that this is the
 * end of its data (`close_notify`): what has arrived may be only a part of it.
 */
export class TruncatedError extends ConnectionResetError {
  static {
    TruncatedError.prototype.name = 'TruncatedError'
  }

  /** Makes an error. */
  constructor(message: string) {
    super(message, 'ERR_BLUELET_TLS_TRUNCATED')
  }
}

/**
 * A TLS handshake has failed, or the peer has violated the protocol.
 */
export class TlsError extends Error {
  /**
   * The name that OpenSSL or Node gives to the error: `CERT_HAS_EXPIRED`, `ERR_SSL_HTTP_REQUEST`
   * ...
   */
  readonly code: string
  /**
   * What has failed: a certificate was not accepted, here or by the peer; or the handshake took too
   * long; or something else.
   */
  readonly reason: 'certificate' | 'protocol' | 'timeout'
  /** The alert that the peer has sent, such as `unknown_ca`; undefined if it has sent none. */
  readonly alert: string | undefined

  static {
    TlsError.prototype.name = 'TlsError'
  }

  /**
   * Makes an error.
   *
   * @param message what happened
   * @param code the name of the error
   * @param reason what has failed
   * @param options the alert, and the error of Node as `cause`
   */
  constructor(
    message: string,
    code: string,
    reason: TlsError['reason'],
    { alert, ...options }: ErrorOptions & { readonly alert?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
    this.reason = reason
    this.alert = alert
  }
}

/**
 * Another task is in the middle of the same operation on this connection or stream: the bytes of
 * the two tasks would be mixed up.
 */
export class BusyError extends Error {
  /** Stable, for programs that distinguish errors by code. */
  readonly code = 'ERR_BLUELET_BUSY'

  static {
    BusyError.prototype.name = 'BusyError'
  }
}

/**
 * A connection could not be made. The message names each address that was tried, and its error.
 */
export class ConnectError extends Error {
  /**
   * The system's name for the last error: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT` ...
   * `ERR_BLUELET_CONNECT` if that error has no such name.
   */
  readonly code: string
  /** The errors of the attempts, in the order in which they failed. */
  readonly errors: readonly Error[]

  static {
    ConnectError.prototype.name = 'ConnectError'
  }

  /**
   * Makes an error.
   *
   * @param message what was tried
   * @param code the system's name for the last error, if it has one
   * @param errors the errors of the attempts
   */
  constructor(message: string, code: string | undefined, errors: readonly Error[]) {
    super(message, { cause: errors.at(-1) })
    this.code = code ?? 'ERR_BLUELET_CONNECT'
    this.errors = errors
  }
}

/**
 * A name could not be looked up, or has no such records. The message names it, and the reason.
 */
export class DnsError extends Error {
  /**
   * The resolver's name for the error: `ENOTFOUND`, `ENODATA`, `ETIMEDOUT`, `ESERVFAIL`,
   * `EAI_AGAIN` ... `ERR_BLUELET_DNS` if the error has no such name.
   */
  readonly code: string

  static {
    DnsError.prototype.name = 'DnsError'
  }

  /**
   * Makes an error.
   *
   * @param message what was asked, and the reason
   * @param code the resolver's name for the error, if it has one
   * @param options the resolver's error, as `cause`
   */
  constructor(message: string, code: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.code = code ?? 'ERR_BLUELET_DNS'
  }
}

/**
 * A listener could not be opened.
 */
export class ListenError extends Error {
  /**
   * The system's name for the error: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` ...
   * `ERR_BLUELET_LISTEN` if the error has no such name.
   */
  readonly code: string

  static {
    ListenError.prototype.name = 'ListenError'
  }

  /**
   * Makes an error.
   *
   * @param message what happened
   * @param code the system's name for the error, if it has one
   * @param options the system's error, as `cause`
   */
  constructor(message: string, code: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.code = code ?? 'ERR_BLUELET_LISTEN'
  }
}

/**
 * A datagram could not be sent, or the peer of a connected socket has refused one.
 */
export class DatagramError extends Error {
  /**
   * The system's name for the error: `EMSGSIZE`, `ECONNREFUSED`, `ENETUNREACH` ...
   * `ERR_BLUELET_DATAGRAM` if the error has no such name.
   */
  readonly code: string

  static {
    DatagramError.prototype.name = 'DatagramError'
  }

  /**
   * Makes an error.
   *
   * @param message what happened
   * @param code the system's name for the error, if it has one
   * @param options the system's error, as `cause`
   */
  constructor(message: string, code: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.code = code ?? 'ERR_BLUELET_DATAGRAM'
  }
}

/**
 * The requested bytes did not arrive within the limit. They can still be read. Or a process has
 * written more than `exec` collects.
 */
export class LimitError extends Error {
  /** Stable, for programs that distinguish errors by code. */
  readonly code = 'ERR_BLUELET_LIMIT'
  /** What the process of an `exec` had written, up to the limit; undefined for other reads. */
  readonly outcome: ProcessOutcome<Buffer | string> | undefined

  static {
    LimitError.prototype.name = 'LimitError'
  }

  /**
   * Makes an error.
   *
   * @param message what was requested
   * @param outcome what a process had written
   */
  constructor(message: string, outcome?: ProcessOutcome<Buffer | string>) {
    super(message)
    this.outcome = outcome
  }
}

/** How a program that `exec` has run has ended, and what it has written. */
export interface ProcessOutcome<T extends Buffer | string = Buffer> {
  /** The exit code; null if a signal has ended the process. */
  readonly code: number | null
  /** The name of the signal that has ended the process, such as `SIGTERM`; null if none has. */
  readonly signal: string | null
  /** What it has written to its standard output. */
  readonly stdout: T
  /** What it has written to its standard error. */
  readonly stderr: T
  /**
   * Whether that is everything. False if another process, which the program has left behind, could
   * still write to it; and if there was more than the limit.
   */
  readonly complete: boolean
}

/** A program that `exec` has run has failed: its exit code is not 0, or a signal has ended it. */
export class ProcessError extends Error {
  /** Stable, for programs that distinguish errors by code. */
  readonly code = 'ERR_BLUELET_PROCESS'
  /** How the process has ended, and what it has written. */
  readonly outcome: ProcessOutcome<Buffer | string>

  static {
    ProcessError.prototype.name = 'ProcessError'
  }

  /**
   * Makes an error.
   *
   * @param message what was run, and how it has ended
   * @param outcome how the process has ended, and what it has written
   */
  constructor(message: string, outcome: ProcessOutcome<Buffer | string>) {
    super(message)
    this.outcome = outcome
  }
}

/** A program could not be started, or not be stopped. The message says what was missing. */
export class StartError extends Error {
  /**
   * The system's name for the error: `ENOENT`, `EACCES`, `EAGAIN` ... `ERR_BLUELET_START` if the
   * error has no such name.
   */
  readonly code: string

  static {
    StartError.prototype.name = 'StartError'
  }

  /**
   * Makes an error.
   *
   * @param message what was to be started, and the reason
   * @param code the system's name for the error, if it has one
   * @param options the system's error, as `cause`
   */
  constructor(message: string, code: string | undefined, options?: ErrorOptions) {
    super(message, options)
    this.code = code ?? 'ERR_BLUELET_START'
  }
}

/**
 * The stream ended before all requested bytes had arrived.
 */
export class IncompleteReadError extends Error {
  /** Stable, for programs that distinguish errors by code. */
  readonly code = 'ERR_BLUELET_INCOMPLETE_READ'
  #partial: Buffer | (() => Buffer)

  static {
    IncompleteReadError.prototype.name = 'IncompleteReadError'
  }

  /**
   * Makes an error.
   *
   * @param message what was requested
   * @param partial the bytes that had arrived, or a function that gives them
   */
  constructor(message: string, partial: Buffer | (() => Buffer)) {
    super(message)
    this.#partial = partial
  }

  /**
   * The bytes that had arrived. They are copied when this is first read, so that an unread
   * `partial` costs no memory beyond that of the bytes themselves.
   */
  get partial(): Buffer {
    if (typeof this.#partial === 'function') this.#partial = this.#partial()
    return this.#partial
  }
}

/** The system's name for an error: its `code`; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** What an error says, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : shown(error)
}
