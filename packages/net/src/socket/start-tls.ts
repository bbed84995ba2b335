/**
 * The change of a connection to TLS: what was sent before goes out in the clear, and then the
 * socket of TLS takes the place of the one that it is over. What lies received and unread by then
 * was not encrypted, so that an attacker may have sent it.
 */

import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { shown } from '../check.js'
import { EMPTY } from '../driver/byte-queue.js'
import type { DriverSocket } from '../driver/protocol.js'
import type { TlsInfo, TlsState } from '../driver/tls.js'
import { EarlyInput } from '../drivers/tls/early-input.js'
import { type StartTls, serverSettings, startingSettings } from '../drivers/tls/settings.js'
import type { Clock } from '../drivers/tls/side.js'
import { TlsAcceptor, tlsClient } from '../drivers/tls/sides.js'
import { BusyError, TlsError } from '../errors.js'
import { closedError } from './handshake.js'
import { type PendingSend, START_TLS } from './pending-send.js'
import { MAX_READ_AHEAD } from './read-ahead.js'
import type { ReadHalf } from './read-half.js'
import type { Owner, Receiver } from './receiver.js'
import { thrownBy } from './thrown.js'
import type { WriteHalf } from './write-half.js'

/** The first byte of a handshake (RFC 8446, section 5.1): the type of its record. */
const HANDSHAKE_RECORD = 22

/** The connection that changes. */
interface Whole {
  readonly socket: DriverSocket
  readonly scheduler: { readonly host: Clock }
  readonly readHalf: ReadHalf
  readonly closing: boolean
  writer(): WriteHalf
  replace(socket: DriverSocket): void
  abort(): void
}

/** A socket with TLS. */
type Secured = DriverSocket & { readonly tls: TlsState }

/** What `startTls` is to do. */
interface Upgrade {
  readonly conn: Whole
  /** Whether ours is the server's end, whose client speaks first. */
  readonly server: boolean
  /** Whether unread bytes are the beginning of a handshake. */
  readonly takesBuffered: boolean
  over(inner: DriverSocket, clock: Clock): Secured
}

/** The servers' ends, by the options of the user: they are costly, and share session tickets. */
const acceptors = new WeakMap<object, TlsAcceptor>()

/**
 * Checks the options of `startTls`.
 *
 * @throws TypeError, RangeError if one of them is invalid
 */
export function upgradeOf(conn: Whole, options: StartTls): Upgrade {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `startTls: expected an object with servername, or server: true, got ${shown(options)}`,
    )
  }
  const { server = false, buffered }: StartTls = options
  if (typeof server !== 'boolean') {
    throw new TypeError(`startTls: server: expected true or false, got ${shown(server)}`)
  }
  if (buffered !== undefined && buffered !== 'handshake') {
    throw new TypeError(`startTls: buffered: expected 'handshake', got ${shown(buffered)}`)
  }
  const takesBuffered = buffered !== undefined
  if (options.server === true) {
    const acceptor = acceptors.get(options) ?? new TlsAcceptor(serverSettings(options, 'startTls'))
    acceptors.set(options, acceptor)
    return { conn, server, takesBuffered, over: (inner, clock) => acceptor.over(inner, clock) }
  }
  const settings = startingSettings(options)
  return { conn, server, takesBuffered, over: (inner, clock) => tlsClient(inner, settings, clock) }
}

/** The handler of `startTls`. */
export const STARTING: EventHandler<Upgrade, Starting, TlsInfo> = {
  name: 'startTls',
  external: 'socket',
  on: ({ conn }) => conn,
  enter(waiter, upgrade) {
    const starting = new Starting(waiter, upgrade)
    starting.begin()
    return starting
  },
  withdraw: (_waiter, _upgrade, starting) => starting.cancel(),
}

/** A `startTls` that waits: for what was sent before, and then for the handshake. */
class Starting implements Owner, Receiver<undefined> {
  readonly user = 'startTls'
  readonly holdsInput = true
  readonly task: unknown
  readonly #upgrade: Upgrade
  /** Null once it has been answered or withdrawn. */
  #waiter: Waiter<TlsInfo> | null

  constructor(waiter: Waiter<TlsInfo>, upgrade: Upgrade) {
    this.task = waiter.task
    this.#waiter = waiter
    this.#upgrade = upgrade
  }

  /** @throws the error of the operation, if it is not possible now */
  begin(): PendingSend {
    const { conn, takesBuffered } = this.#upgrade
    const { readHalf } = conn
    const writeHalf = conn.writer()
    if (conn.socket.tls !== undefined) throw new TypeError('startTls(): the connection has TLS already')
    if (readHalf.owner !== null) {
      throw new BusyError(`startTls(): the connection belongs to ${readHalf.owner.user}`)
    }
    if (readHalf.busy) throw busyError(readHalf.request)
    if (writeHalf.busy) throw busyError(writeHalf.request)
    if (readHalf.hasUnread && !takesBuffered) throw this.#refuse(readHalf.buffered)
    readHalf.owner = this
    try {
      return writeHalf.enter(this, START_TLS)
    } catch (error) {
      readHalf.owner = null
      throw error
    }
  }

  cancel(): void {
    this.#waiter = null
    this.#upgrade.conn.abort()
  }

  closed(): void {}

  // Called by the writing half.

  /** Everything that was sent before has gone. */
  resume(): void {
    const { conn, over } = this.#upgrade
    conn.readHalf.owner = null
    const early = this.#earlyInput()
    if (early === null) return
    const inner = early.length === 0 ? conn.socket : new EarlyInput(conn.socket, early)
    const socket = over(inner, conn.scheduler.host)
    const { tls } = socket
    conn.replace(socket)
    tls.handshake((error) => {
      if (error !== null) this.throw(conn.closing ? closedError(conn, 'startTls()') : error)
      else this.#answered()?.resume(tls.info as TlsInfo) // The handshake has ended well.
    })
  }

  throw(error: unknown): void {
    const { conn } = this.#upgrade
    conn.readHalf.owner = null
    this.#answered()?.throw(thrownBy(conn, error))
  }

  /**
   * What has been received before TLS begins: of a server, the beginning of a handshake may have
   * come.
   *
   * @returns null if it is something else
   */
  #earlyInput(): Buffer | null {
    const { conn, server, takesBuffered } = this.#upgrade
    const early = Buffer.concat([conn.readHalf.takeBuffered(), receivedBy(conn.socket)])
    if (early.length === 0 || takesBuffered || (server && early[0] === HANDSHAKE_RECORD)) return early
    this.throw(this.#refuse(early.length))
    return null
  }

  /** Aborts the connection. @returns the error */
  #refuse(count: number): TlsError {
    const { conn } = this.#upgrade
    conn.abort()
    const message = `startTls(): ${count} bytes were received without TLS and have not been read; the peer, or an attacker, has sent them too early`
    return thrownBy(conn, new TlsError(message, 'ERR_BLUELET_TLS_BUFFERED', 'protocol'))
  }

  #answered(): Waiter<TlsInfo> | null {
    const waiter = this.#waiter
    this.#waiter = null
    return waiter
  }
}

function busyError(request: string): BusyError {
  return new BusyError(`startTls(): a task waits in ${request}; start TLS when no read or send waits`)
}

/** What the driver has received. An end or an error is left to the next try. */
function receivedBy(socket: DriverSocket): Buffer {
  try {
    return socket.read(MAX_READ_AHEAD) ?? EMPTY
  } catch {
    return EMPTY
  }
}
