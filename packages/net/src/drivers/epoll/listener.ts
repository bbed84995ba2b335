/**
 * A listener of the `epoll` driver. Connections that are not accepted stay in the kernel's backlog.
 */

import { Address } from '../../driver/address.js'
import type { HostEndpoint } from '../../driver/endpoint.js'
import {
  type DriverListener,
  type DriverSocket,
  type ListenSettings,
  type Observer,
  READABLE,
} from '../../driver/protocol.js'
import { codeOf } from '../../errors.js'
import { keepAliveSeconds } from '../node/settings.js'
import { type EpollSet, errorOf, type Member } from './set.js'
import { EAGAIN, EpollSocket, parse } from './socket.js'

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

export class EpollListener implements DriverListener, Member {
  observer: Observer | null = null
  readonly address: Address
  /** 0 until the listener closes. */
  dropped = 0
  readonly #set: EpollSet
  readonly #backlog: number
  #fd: number
  readonly #slot: number

  /** @throws the system's error */
  constructor(set: EpollSet, address: string, target: HostTarget) {
    const { port, backlog, ipv6Only = false, reusePort = false, noDelay = true } = target
    const seconds = keepAliveSeconds(target)
    this.#set = set
    this.#backlog = backlog
    this.#fd = set.native.listen(address, port, backlog, ipv6Only, reusePort, noDelay, seconds)
    if (this.#fd < 0) throw errorOf(this.#fd, 'listen')
    this.#slot = set.add(this.#fd, this)
    if (this.#slot < 0) {
      set.native.close(this.#fd)
      throw errorOf(this.#slot, 'epoll_ctl')
    }
    this.address = parse(set.native.address(this.#fd, false)) ?? new Address(address, port)
  }

  accept(): DriverSocket | null {
    if (this.#fd < 0) return null
    const { native } = this.#set
    for (let i = 0; ; i++) {
      const fd = native.accept(this.#fd)
      if (fd >= 0) return new EpollSocket(this.#set, fd, native.peer())
      if (fd === EAGAIN) return null
      const error = errorOf(fd, 'accept')
      if (i === MAX_TRANSIENT_ERRORS || !isTransient(error)) throw error
    }
  }

  close(): void {
    if (this.#fd < 0) return
    this.#set.remove(this.#slot)
    this.#dropBacklog()
    this.#set.native.close(this.#fd)
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
