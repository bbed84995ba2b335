/**
 * A listener of the `epoll` driver. Connections that are not accepted stay in the kernel's backlog.
 */

import { Address, isWildcard, UNNAMED } from '../../driver/address.js'
import type { FdEndpoint, HostEndpoint, PathEndpoint } from '../../driver/endpoint.js'
import {
  type DriverListener,
  type DriverSocket,
  type ListenSettings,
  type Observer,
  READABLE,
} from '../../driver/protocol.js'
import { codeOf } from '../../errors.js'
import { keepAliveSeconds } from '../node/settings.js'
import type { SocketFile } from '../socket-file.js'
import { parse, UNIX } from './addresses.js'
import { type EpollSet, errorOf, type Member } from './set.js'
import { EAGAIN, EpollSocket } from './socket.js'

/**
 * Errors of a connection that ended while it waited, and of its network, which Linux passes on
 * (accept(2)). The next connection may be fine.
 */
const TRANSIENT = new Set([
  'ECONNABORTED',
  'EPROTO',
  'EPERM',
  'ENETDOWN',
  'ENOPROTOOPT',
  'EHOSTDOWN',
  'ENONET',
  'EHOSTUNREACH',
  'EOPNOTSUPP',
  'ENETUNREACH',
])

/**
 * After this many in a row, the error is thrown, so that the caller waits before the next accept.
 */
const MAX_TRANSIENT_ERRORS = 64

/** A host and a port to listen on. */
export type HostTarget = HostEndpoint & ListenSettings

/** Opens a listener at a numeric address. @throws the system's error */
export function listenAtHost(set: EpollSet, address: string, target: HostTarget): EpollListener {
  const { port, backlog, ipv6Only = false, reusePort = false, noDelay = true } = target
  const seconds = keepAliveSeconds(target)
  const fd = set.native.listen(address, port, backlog, ipv6Only, reusePort, noDelay, seconds)
  return new EpollListener(set, fd, backlog)
}

/**
 * Opens a listener at a path.
 *
 * @param file where to bind; null for an abstract name
 * @throws the system's error
 */
export function listenAtPath(
  set: EpollSet,
  file: SocketFile | null,
  { path, backlog }: PathEndpoint & ListenSettings,
): EpollListener {
  const fd = set.native.listenPath(file?.temporary ?? path, backlog)
  const listener = new EpollListener(set, fd, backlog, file)
  try {
    // To the system, the socket keeps the name that it was bound to.
    listener.publish(path)
  } catch (error) {
    listener.close()
    throw error
  }
  return listener
}

/** Makes a listener of an inherited descriptor. @throws the system's error */
export function adopt(set: EpollSet, target: FdEndpoint & ListenSettings): EpollListener {
  const fd = set.native.adopt(target.fd, target.noDelay ?? true, keepAliveSeconds(target))
  return new EpollListener(set, fd, target.backlog, null, true)
}

export class EpollListener implements DriverListener, Member {
  observer: Observer | null = null
  address: Address
  /** 0 until the listener closes. */
  dropped = 0
  readonly inherited: boolean
  readonly #set: EpollSet
  readonly #backlog: number
  /** The file of a Unix socket that was opened here. */
  readonly #file: SocketFile | null
  #fd: number
  readonly #slot: number
  /**
   * The address of our end of each connection, as the native part gives it; empty if it differs.
   */
  #local = ''

  /**
   * @param fd a descriptor that listens, or a negative errno
   * @throws the system's error
   */
  constructor(
    set: EpollSet,
    fd: number,
    backlog: number,
    file: SocketFile | null = null,
    inherited: boolean = false,
  ) {
    if (fd < 0) throw errorOf(fd, 'listen')
    this.inherited = inherited
    this.#set = set
    this.#backlog = backlog
    this.#file = file
    this.#fd = fd
    this.#slot = set.add(fd, this)
    if (this.#slot < 0) {
      set.native.close(fd)
      throw errorOf(this.#slot, 'epoll_ctl')
    }
    const text = set.native.address(fd, false)
    this.address = parse(text) ?? UNNAMED
    if (!isWildcard(this.address)) this.#local = text
  }

  /**
   * Gives the file of a Unix socket its name and its mode.
   *
   * @throws the system's error
   */
  publish(path: string): void {
    this.#file?.publish()
    this.address = new Address('', 0, path)
    this.#local = `${UNIX}${path}`
  }

  accept(): DriverSocket | null {
    if (this.#fd < 0) return null
    const { native } = this.#set
    for (let i = 0; ; i++) {
      const fd = native.accept(this.#fd)
      if (fd >= 0) return new EpollSocket(this.#set, fd, native.peer(), null, this.#local)
      if (fd === EAGAIN) return null
      const error = errorOf(fd, 'accept')
      if (i === MAX_TRANSIENT_ERRORS || !isTransient(error)) throw error
    }
  }

  close(): void {
    if (this.#fd < 0) return
    const { native } = this.#set
    this.#set.remove(this.#slot)
    this.#file?.remove()
    // The queue of an inherited socket is that of the other process as well.
    if (this.inherited) native.unwatch(this.#fd)
    else this.#dropBacklog()
    native.close(this.#fd)
    this.#fd = -1
  }

  polled(): void {
    this.observer?.ready(READABLE)
  }

  /** Resets the connections that wait. The system would do so as well, but would not count them. */
  #dropBacklog(): void {
    const { native } = this.#set
    // On Linux one more may wait than `backlog` says. Later connections are left to the system.
    for (let i = 0; i <= this.#backlog; i++) {
      const fd = native.accept(this.#fd)
      if (fd >= 0) {
        native.reset(fd)
        this.dropped++
      } else if (fd === EAGAIN || !isTransient(errorOf(fd, 'accept'))) return
    }
  }
}

/** Whether the next try may succeed at once. */
function isTransient(error: Error): boolean {
  return TRANSIENT.has(codeOf(error) ?? '')
}
