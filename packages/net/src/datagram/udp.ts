/**
 * Opening a socket for datagrams: the look-up of its own name, and the driver's part.
 */

import type { Coroutine, Event } from '@bluelet/scheduler'
import {
  type EventHandler,
  event,
  hastenCall,
  ofLibrary,
  type Waiter,
  withdrawCall,
} from '@bluelet/scheduler/lowlevel'
import { isNumeric, shownHost } from '../driver/address.js'
import type { DatagramSettings, Driver, DriverName } from '../driver/protocol.js'
import { listenErrorOf } from '../driver/system-errors.js'
import { driverOf } from '../drivers/select.js'
import { ConnectError } from '../errors.js'
import { lookup } from '../socket/lookup.js'
import { settingsOf } from './arguments.js'
import { UdpSocket } from './udp-socket.js'

/** Options of {@link udp}. */
export interface UdpOptions {
  /** A name or an address of this machine. Default: `''`, every address, IPv4 and IPv6. */
  readonly host?: string
  /** The port, 0 to 65535. Default: 0, any free port. */
  readonly port?: number
  /**
   * Whether other sockets with the same option may have the address, too, as receivers of a
   * multicast group need. Default: false.
   */
  readonly reuseAddress?: boolean
  /**
   * Whether other sockets, such as those of a second process, may share the port, among which the
   * system divides the senders. Default: false. Where Node or the system does not support that, a
   * {@link ListenError} says so.
   */
  readonly reusePort?: boolean
  /** Whether datagrams may be sent to broadcast addresses. Default: false. */
  readonly broadcast?: boolean
  /**
   * Bytes of the receive buffer in the kernel, which holds what arrives while the process is busy.
   * The system has a limit (`net.core.rmem_max` on Linux), and counts its own overhead. Default:
   * the system's.
   */
  readonly receiveBuffer?: number
  /** Longer datagrams are truncated: 1 to 65,536 bytes. Default: 65,536, which truncates none. */
  readonly maxSize?: number
  /**
   * How many datagrams wait in the process until a task receives them; further ones are dropped and
   * counted. On `epoll` none does: they wait in the kernel, and `receiveBuffer` is their bound.
   * Default: 256.
   */
  readonly queue?: number
  /**
   * The driver, or its name. Default: the driver of the host if it has one; else the one that the
   * environment variable BLUELET_DRIVER names; else `epoll` where it is available; else `node`.
   */
  readonly driver?: Driver | DriverName
}

/**
 * Event: opens a socket for datagrams (UDP) and gives the {@link UdpSocket}. Throws
 * {@link ListenError}, which states the reason, if that fails.
 *
 * @example
 * using socket = yield* udp()
 * yield* socket.send('ping', { host: '127.0.0.1', port: 4915 })
 * const { data, from } = yield* timeout(1000, socket.recv())
 *
 * @throws RangeError, TypeError if an option is invalid
 */
export function udp(options: UdpOptions = {}): Event<UdpSocket> {
  const settings = settingsOf(options)
  return event<UdpSocket>(UDP, { settings, driver: options.driver })
}

interface Request {
  readonly settings: DatagramSettings
  readonly driver: Driver | DriverName | undefined
}

/** A request whose driver has been chosen. */
interface Target {
  readonly settings: DatagramSettings
  readonly driver: Driver
}

// biome-ignore lint/suspicious/noExplicitAny: a waiter that calls gets what the coroutine returns.
const UDP: EventHandler<Request, ReturnType<Waiter['call']>, any> = {
  name: 'udp',
  describe: shownOpening,
  enter(waiter, { settings, driver: chosen }) {
    const driver = driverOf(waiter.scheduler.host, chosen)
    if (driver.udp === undefined) throw new TypeError(`udp: the driver '${driver.name}' has no datagrams`)
    return waiter.call(ofLibrary(opening)({ settings, driver }), 'udp')
  },
  withdraw: withdrawCall,
  hasten: hastenCall,
  discard: (_request, socket: UdpSocket) => socket.close(),
}

function shownOpening({ settings: { host, port } }: { readonly settings: DatagramSettings }): string {
  return `udp({ host: '${shownHost(host)}', port: ${port} })`
}

function* opening({ settings, driver }: Target): Coroutine<UdpSocket> {
  const host = yield* numericHost(driver, settings)
  return yield* event<UdpSocket>(OPEN, { settings: { ...settings, host }, driver })
}

function* numericHost(driver: Driver, settings: DatagramSettings): Coroutine<string> {
  const { host } = settings
  if (host === '' || isNumeric(host)) return host
  try {
    const [first = ''] = yield* lookup(driver, settings) // There is one.
    return first
  } catch (error) {
    throw error instanceof ConnectError ? listenErrorOf(error, settings) : error
  }
}

/** One opening in progress. */
interface PendingOpen {
  /** Null once the event has been answered or withdrawn. */
  waiter: Waiter<UdpSocket> | null
  cancel: () => void
}

const OPEN: EventHandler<Target, PendingOpen, UdpSocket> = {
  name: 'udp',
  external: 'datagram',
  describe: shownOpening,
  enter(waiter, { settings, driver }) {
    const pending: PendingOpen = { waiter, cancel: () => {} }
    const cancel = driver.udp?.(settings, (error, socket) => {
      const waiting = pending.waiter
      pending.waiter = null
      if (waiting === null) socket?.close()
      else if (socket !== null) waiting.resume(new UdpSocket(socket, driver))
      else waiting.throw(listenErrorOf(error as Error, settings))
    })
    if (cancel !== undefined) pending.cancel = cancel
    return pending
  },
  withdraw(_waiter, _target, pending) {
    pending.waiter = null
    pending.cancel()
  },
}
