/**
 * A socket for datagrams of the `node` driver. Node reads them whether or not they are wanted, so
 * the socket keeps those that no task has received, and bounds their number.
 */

import type { RemoteInfo, Socket, SocketOptions } from 'node:dgram'
import { Address } from '../../driver/address.js'
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
import { systemError } from '../../driver/system-errors.js'
import { codeOf } from '../../errors.js'
import { builtin } from '../builtin.js'
import { REUSES_PORTS } from './versions.js'

/** Every address: IPv6, which serves IPv4 as well; on machines without IPv6 the second one. */
const EVERY_ADDRESS = ['::', '0.0.0.0']

/** The errors of a machine without that version of IP. */
const MISSING = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

type Opened = (error: Error | null, socket: DriverDatagrams | null) => void

/** Opens a socket for datagrams over `node:dgram`. */
export function openDatagrams(target: DatagramSettings, done: Opened): () => void {
  let open: NodeDatagrams | null = null
  const refused = target.reusePort && !REUSES_PORTS
  if (refused) queueMicrotask(() => answer(systemError('ENOTSUP', 'bind'), null))
  else tryNext(target.host === '' ? EVERY_ADDRESS : [target.host])

  function tryNext([host = '', ...others]: readonly string[]): void {
    open = new NodeDatagrams(target, host, (error) => {
      if (error !== null && others.length > 0 && MISSING.has(codeOf(error) ?? '')) tryNext(others)
      // Node may be done within its constructor, since the look-up is ours.
      else queueMicrotask(() => answer(error, open))
    })
  }

  function answer(error: Error | null, socket: NodeDatagrams | null): void {
    done(error, error === null ? socket : null)
  }

  return () => open?.close()
}

class NodeDatagrams implements DriverDatagrams {
  observer: Observer | null = null
  dropped = 0
  address: Address
  readonly #socket: Socket
  readonly #isIPv6: boolean
  readonly #maxSize: number
  readonly #maxWaiting: number
  /** Datagrams that Node has read, and that no task has received. */
  #waiting: Datagram[] = []
  /** The sender of the last datagram: the next one often has the same. */
  #lastSender: Address
  /** What the peer of a connected socket has caused, until it is thrown. */
  #error: Error | null = null
  #connected = false
  #closed = false

  /** @param done called once, later */
  constructor(target: DatagramSettings, host: string, done: (error: Error | null) => void) {
    const { port, reuseAddress, reusePort, broadcast, receiveBuffer, maxSize, queue } = target
    this.#isIPv6 = host.includes(':')
    this.#maxSize = maxSize
    this.#maxWaiting = queue
    this.address = new Address(host, port)
    this.#lastSender = this.address
    // A variable, since `reusePort` is missing in the types of Node 20.
    const options = {
      type: this.#isIPv6 ? 'udp6' : 'udp4',
      reuseAddr: reuseAddress,
      reusePort,
      ...(receiveBuffer === undefined ? {} : { recvBufferSize: receiveBuffer }),
      // Hosts are numeric: Node would look each one up again, and answer a turn later.
      lookup: numeric,
    } as SocketOptions
    const socket = builtin('node:dgram', 'udp').createSocket(options)
    this.#socket = socket
    socket.on('message', (data, sender) => this.#onMessage(data, sender))
    socket.once('error', (error) => {
      this.close()
      done(error)
    })
    socket.once('listening', () => {
      socket.removeAllListeners('error')
      socket.on('error', (error) => this.#onError(error))
      if (broadcast) socket.setBroadcast(true)
      this.#learnAddress()
      done(null)
    })
    // `exclusive`: the socket of this process, and not that of the primary of a cluster.
    socket.bind({ address: host, port, exclusive: true })
  }

  receive(max: number): Datagram[] | null {
    const waiting = this.#waiting
    if (waiting.length === 0) {
      this.#throwError()
      return null
    }
    if (waiting.length > max) return waiting.splice(0, max)
    this.#waiting = []
    return waiting
  }

  send(batch: readonly OutgoingDatagram[], done: (sent: number, error: Error | null) => void): () => void {
    let withdrawn = false
    const next = (sent: number, failure: Error | null): void => {
      if (withdrawn || this.#closed) return
      const datagram = failure === null ? batch[sent] : undefined
      if (datagram === undefined) done(sent, failure)
      else this.#send(datagram, (error) => next(error === null ? sent + 1 : sent, error))
    }
    const error = this.#error
    this.#error = null
    next(0, error)
    return () => {
      withdrawn = true
    }
  }

  connect(peer: Address, done: (error: Error | null) => void): void {
    if (this.#connected) this.#socket.disconnect()
    this.#connected = false
    // What the earlier peer has refused does not concern the next one.
    this.#error = null
    this.#socket.connect(peer.port, this.#mapped(peer.host), (error?: Error) => {
      if (error === undefined && !this.#closed) {
        this.#connected = true
        this.#learnAddress()
      }
      done(error ?? null)
    })
  }

  join({ group, interface: by, source }: GroupMembership): void {
    if (source === undefined) this.#socket.addMembership(group, by)
    else this.#socket.addSourceSpecificMembership(source, group, by)
  }

  leave({ group, interface: by, source }: GroupMembership): void {
    if (source === undefined) this.#socket.dropMembership(group, by)
    else this.#socket.dropSourceSpecificMembership(source, group, by)
  }

  set(option: DatagramOption, value: number): void {
    if (option === 'ttl') this.#socket.setTTL(value)
    else if (option === 'multicastTtl') this.#socket.setMulticastTTL(value)
    else this.#socket.setMulticastLoopback(value === 1)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting = []
    this.#socket.close()
  }

  #send({ data, to }: OutgoingDatagram, done: (error: Error | null) => void): void {
    try {
      if (to === undefined) this.#socket.send(data, done)
      else this.#socket.send(data, to.port, this.#mapped(to.host), done)
    } catch (error) {
      done(error as Error) // Made by Node: the socket has been connected, or disconnected, meanwhile.
    }
  }

  #onMessage(data: Buffer, { address, port }: RemoteInfo): void {
    if (this.#closed) return
    if (this.#waiting.length >= this.#maxWaiting) {
      this.dropped++
      return
    }
    const truncated = data.length > this.#maxSize
    const from = this.#senderOf(address, port)
    this.#waiting.push({ data: truncated ? data.subarray(0, this.#maxSize) : data, from, truncated })
    this.observer?.ready(READABLE)
  }

  #senderOf(host: string, port: number): Address {
    const last = this.#lastSender
    if (last.port === port && last.host === host) return last
    this.#lastSender = new Address(host, port)
    return this.#lastSender
  }

  #onError(error: Error): void {
    this.#error = error
    this.observer?.ready(READABLE)
  }

  #throwError(): void {
    const error = this.#error
    this.#error = null
    if (error !== null) throw error
  }

  /** An IPv4 address as a socket of IPv6 takes it. */
  #mapped(host: string): string {
    return this.#isIPv6 && !host.includes(':') ? `::ffff:${host}` : host
  }

  #learnAddress(): void {
    const { address, port } = this.#socket.address()
    this.address = new Address(address, port)
  }
}

function numeric(
  host: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void {
  done(null, host, host.includes(':') ? 6 : 4)
}
