/**
 * A socket for datagrams of the `epoll` driver. It reads nothing ahead: what no task has received
 * waits in the kernel, whose buffer bounds it, and which counts what it drops.
 */

import type { Address } from '../../driver/address.js'
import {
  type Datagram,
  type DatagramOption,
  type DatagramSettings,
  type DriverDatagrams,
  type GroupMembership,
  type Observer,
  type OutgoingDatagram,
  READABLE,
} from '../../driver/protocol.js'
import { parse } from './addresses.js'
import { type DatagramBatch, KnownPeers, MAX_BATCH } from './datagram-batch.js'
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, type EpollSet, errorOf, type Member } from './set.js'
import { EAGAIN } from './socket.js'

/** The options, in the order of the native part. */
const OPTIONS: readonly DatagramOption[] = ['ttl', 'multicastTtl', 'loopback']

/** Opens a socket at a numeric address. @throws the system's error */
export function openDatagrams(
  set: EpollSet,
  batch: DatagramBatch,
  host: string,
  target: DatagramSettings,
): EpollDatagrams {
  const { port, reuseAddress, reusePort, broadcast, receiveBuffer = 0, maxSize } = target
  const fd = set.native.udp(host, port, reuseAddress, reusePort, broadcast, receiveBuffer)
  return new EpollDatagrams(set, batch, fd, maxSize)
}

/** A send that is not done. */
interface Sending {
  readonly batch: readonly OutgoingDatagram[]
  /** How many of them the system has taken. */
  sent: number
  readonly done: (sent: number, error: Error | null) => void
}

export class EpollDatagrams implements DriverDatagrams, Member {
  observer: Observer | null = null
  address: Address
  readonly #set: EpollSet
  readonly #batch: DatagramBatch
  readonly #maxSize: number
  /** The descriptor; -1 once it is closed. */
  #fd: number
  readonly #slot: number
  readonly #known = new KnownPeers()
  /** Whether a try to receive may find something. */
  #readable = false
  #sending: Sending | null = null
  /**
   * Whether the set reports that there is room. Otherwise it does not: it would do so after each
   * datagram that has left.
   */
  #watchesOutput = false
  /** What the kernel had dropped before the close. */
  #dropped = 0

  /**
   * @param fd a descriptor that is in no set, or a negative errno
   * @throws the system's error
   */
  constructor(set: EpollSet, batch: DatagramBatch, fd: number, maxSize: number) {
    if (fd < 0) throw errorOf(fd, 'bind')
    this.#set = set
    this.#batch = batch
    this.#fd = fd
    this.#maxSize = maxSize
    this.#slot = set.add(fd, this, false)
    if (this.#slot < 0) {
      set.native.close(fd)
      throw errorOf(this.#slot, 'epoll_ctl')
    }
    this.address = this.#boundAddress()
  }

  get dropped(): number {
    return this.#fd < 0 ? this.#dropped : this.#set.native.dropped(this.#fd)
  }

  receive(max: number): Datagram[] | null {
    if (!this.#readable) return null
    // A batch that is not full ends no reading: while it is answered, the next one often arrives,
    // and then a poll of the loop is saved.
    const received = this.#batch.receive(this.#fd, this.#maxSize, Math.min(max, MAX_BATCH), this.#known)
    if (typeof received !== 'number') return received
    // After any other error there may be datagrams.
    if (received !== EAGAIN) throw errorOf(received, 'recv')
    this.#readable = false
    return null
  }

  send(batch: readonly OutgoingDatagram[], done: (sent: number, error: Error | null) => void): () => void {
    const sending: Sending = { batch, sent: 0, done }
    this.#sending = sending
    this.#send(sending)
    return () => {
      if (this.#sending === sending) this.#sending = null
    }
  }

  connect({ host, port }: Address, done: (error: Error | null) => void): void {
    const error = this.#set.native.attach(this.#fd, host, port)
    this.address = this.#boundAddress()
    done(error < 0 ? errorOf(error, 'connect') : null)
  }

  join(membership: GroupMembership): void {
    this.#member(true, membership)
  }

  leave(membership: GroupMembership): void {
    this.#member(false, membership)
  }

  set(option: DatagramOption, value: number): void {
    check(this.#set.native.option(this.#fd, OPTIONS.indexOf(option), value))
  }

  close(): void {
    if (this.#fd < 0) return
    this.#dropped = this.dropped
    this.#set.remove(this.#slot)
    this.#set.native.close(this.#fd)
    this.#fd = -1
    this.#readable = false
    this.#sending = null
  }

  polled(events: number): void {
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) !== 0) {
      this.#readable = true
      this.observer?.ready(READABLE)
    }
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) === 0 || this.#fd < 0) return
    if (this.#sending !== null) this.#send(this.#sending)
    else this.#watchOutput(false)
  }

  #send(sending: Sending): void {
    const { batch } = sending
    let failure = 0
    while (failure === 0 && sending.sent < batch.length) {
      sending.sent += this.#batch.send(this.#fd, batch, sending.sent, this.#known)
      failure = this.#batch.failure
    }
    this.#watchOutput(failure === EAGAIN)
    if (failure === EAGAIN) return
    this.#sending = null
    sending.done(sending.sent, failure === 0 ? null : errorOf(failure, 'send'))
  }

  #watchOutput(on: boolean): void {
    if (this.#watchesOutput === on) return
    this.#watchesOutput = on
    this.#set.watchOutput(this.#fd, this.#slot, on)
  }

  #boundAddress(): Address {
    return parse(this.#set.native.address(this.#fd, false)) as Address // Each bound socket has one.
  }

  #member(joins: boolean, { group, interface: by = '', source = '' }: GroupMembership): void {
    check(this.#set.native.member(this.#fd, joins, group, by, source))
  }
}

function check(result: number): void {
  if (result < 0) throw errorOf(result, 'setsockopt')
}
