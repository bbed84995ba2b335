/**
 * A listener of the `epoll` driver. What nobody accepts stays in the kernel's backlog: who connects then waits there.
 */

import { Address } from '../../driver/address.js'
import {
  type DriverListener,
  type DriverSocket,
  type ListenTarget,
  type Observer,
  READABLE,
} from '../../driver/protocol.js'
import { codeOf } from '../../errors.js'
import { keepAliveSeconds } from '../node/socket.js'
import { type EpollSet, errorOf, type Member } from './set.js'
import { EAGAIN, EpollSocket, parse } from './socket.js'

/** Connections that went away while they waited, and what Linux passes on of their networks (accept(2)): the next may be well. */
const PASSING = new Set([
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

const MAX_TRANSIENT_ERRORS = 64

export class EpollListener implements DriverListener, Member {
  observer: Observer | null
  readonly address: Address
  /** Nobody, until it closes. */
  dropped: number
  readonly #set: EpollSet
  readonly #backlog: number
  #fd: number
  readonly #slot: number

  /** @throws the system's error */
  constructor(set: EpollSet, address: string, target: ListenTarget) {
    const { port, backlog, ipv6Only = false, reusePort = false, noDelay = true } = target
    const seconds = keepAliveSeconds(target)
    this.observer = null
    this.dropped = 0
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
      // One that never ends is one to wait after.
      if (i === MAX_TRANSIENT_ERRORS || !passes(error)) throw error
    }
  }

  close(): void {
    if (this.#fd < 0) return
    this.#set.remove(this.#slot)
    this.#drop()
    this.#set.native.close(this.#fd)
    this.#fd = -1
  }

  polled(): void {
    this.observer?.ready(READABLE)
  }

  /** Those that wait. The system would reset them too, and nobody would know how many they were. */
  #drop(): void {
    const { native } = this.#set
    // One more than were asked for may wait on Linux; who comes meanwhile is left to the system.
    for (let i = 0; i <= this.#backlog; i++) {
      const fd = native.accept(this.#fd)
      if (fd >= 0) {
        native.reset(fd)
        this.dropped++
      } else if (fd === EAGAIN || !passes(errorOf(fd, 'accept'))) return
    }
  }
}

/** Whether the next try may do better at once. */
function passes(error: Error): boolean {
  return PASSING.has(codeOf(error))
}
