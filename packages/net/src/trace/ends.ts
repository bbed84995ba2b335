/**
 * Which two sockets are the ends of one connection: found by the addresses of both, again for each
 * connect and accept. What cannot be known is not guessed: such an end is connected to the outside.
 *
 * A client and its connection at the listener are met in either order. A client waits here for the
 * accept if it has connected to a listener of ours. An accepted connection waits here for its
 * client as long as a client of ours is connecting that began before.
 */

import { type Address, isWildcard } from '../driver/address.js'
import type { ConnectTarget } from '../driver/endpoint.js'

/** Clients that are closed and were not accepted: of an older one the bytes are from outside. */
const MAX_CLOSED = 1024

/** One end of a connection. */
export interface End {
  readonly localAddress: Address | undefined
  readonly remoteAddress: Address | undefined
  /** The driver's own socket at the other end, if it says so. */
  readonly driversPeer: object | null
  /** The other end; null if it is not known or outside. */
  peer: End | null
  /** No other end will be found: nothing that it writes needs to be kept. */
  outside: boolean
}

/** A listener of ours. */
export interface ListeningEnd {
  readonly address: Address
  /** Whether connections may also go to another process. */
  readonly shared: boolean
}

/** A client that has not been accepted yet. */
interface Client {
  readonly end: End
  readonly to: ConnectTarget
  readonly listener: ListeningEnd
  /** When it began to connect. */
  readonly began: number
  /** When it was closed; infinite while it is open. */
  closed: number
}

/** A connection whose client has not been met. */
interface Accepted {
  readonly end: End
  readonly at: number
}

/** The ends of one network. */
export class Ends {
  /** Counts what happens, to tell what was before what. */
  #time = 0
  readonly #listeners = new Set<ListeningEnd>()
  /** By the driver's socket. */
  readonly #byDriver = new WeakMap<object, End>()
  /** The clients that are connecting, in the order in which they began. */
  readonly #connecting = new Map<End, Client>()
  /** The clients that are connected and not accepted, by their addresses. */
  readonly #clients = new Map<string, Client[]>()
  readonly #clientOf = new WeakMap<End, Client>()
  /** Those of them that are closed, in that order. */
  readonly #closed = new Set<Client>()
  /** The connections that wait for their client, by its addresses, in the order of their accept. */
  readonly #accepted = new Map<string, Accepted>()

  listens(listener: ListeningEnd): void {
    this.#listeners.add(listener)
  }

  /** The listener is closed, and has dropped what was not accepted. */
  closes(listener: ListeningEnd): void {
    this.#listeners.delete(listener)
    for (const clients of [...this.#clients.values()]) {
      for (const client of [...clients]) if (client.listener === listener) this.#forget(client)
    }
  }

  /** A client begins to connect. */
  connects(end: End, socket: object, to: ConnectTarget): void {
    this.#byDriver.set(socket, end)
    const listener = this.#listenerAt(to)
    if (listener === undefined) end.outside = true
    else {
      const client = { end, to, listener, began: ++this.#time, closed: Number.POSITIVE_INFINITY }
      this.#connecting.set(end, client)
    }
  }

  /** A client is connected. */
  connected(end: End): void {
    const client = this.#connecting.get(end)
    if (client === undefined) return
    const key = keyOf(end.localAddress, end.remoteAddress)
    const accepted = this.#accepted.get(key)
    if (end.driversPeer === null && !isWithinMachine(end)) end.outside = true
    else if (accepted !== undefined && accepted.at > client.began) {
      this.#accepted.delete(key)
      join(end, accepted.end)
    } else if (end.peer === null) {
      this.#clientOf.set(end, client)
      const others = this.#clients.get(key)
      if (others === undefined) this.#clients.set(key, [client])
      else others.push(client)
    }
    this.#stopsConnecting(end)
  }

  /** A client cannot connect, or is closed before it has. */
  gaveUp(end: End): void {
    if (this.#connecting.has(end)) this.#stopsConnecting(end)
  }

  /** A listener has given a connection. */
  accepted(end: End, socket: object): void {
    this.#byDriver.set(socket, end)
    const at = ++this.#time
    const client = this.#clientFor(end)
    if (client !== undefined) {
      join(client, end)
      const waiting = this.#clientOf.get(client)
      if (waiting !== undefined) this.#forget(waiting)
      this.#forgetDropped(waiting)
    } else if (this.#connecting.size > 0) {
      this.#accepted.set(keyOf(end.remoteAddress, end.localAddress), { end, at })
    } else end.outside = true
  }

  /** An end is closed. */
  closed(end: End): void {
    this.gaveUp(end)
    const client = this.#clientOf.get(end)
    if (client === undefined) return
    if (client.listener.shared) this.#forget(client)
    else {
      client.closed = ++this.#time
      this.#closed.add(client)
      const [oldest] = this.#closed
      if (this.#closed.size > MAX_CLOSED && oldest !== undefined) this.#forget(oldest)
    }
  }

  #clientFor(end: End): End | undefined {
    const { driversPeer } = end
    if (driversPeer !== null) return this.#byDriver.get(driversPeer)
    if (end.remoteAddress?.path !== undefined) return undefined // An end without a name.
    const connected = this.#clients.get(keyOf(end.remoteAddress, end.localAddress))
    return connected === undefined ? this.#connectingTo(end) : connected[0]?.end
  }

  /** The client that is connecting, where the driver knows the address of its end by then. */
  #connectingTo({ localAddress: here, remoteAddress: there }: End): End | undefined {
    for (const { end, to } of this.#connecting.values()) {
      const isHere = 'port' in to && to.port === here?.port && to.host === here.host
      if (isHere && end.localAddress !== undefined && `${end.localAddress}` === `${there}`) return end
    }
    return undefined
  }

  /**
   * A listener gives connections in their order. A client that was closed before the one began that
   * was just accepted has been dropped.
   */
  #forgetDropped(accepted: Client | undefined): void {
    if (accepted === undefined) return
    for (const client of this.#closed) {
      if (client.closed < accepted.began && client.listener === accepted.listener) this.#forget(client)
    }
  }

  #stopsConnecting(end: End): void {
    this.#connecting.delete(end)
    const [oldest] = this.#connecting.values()
    for (const [key, { end: accepted, at }] of this.#accepted) {
      if (oldest !== undefined && at > oldest.began) break
      this.#accepted.delete(key)
      accepted.outside = true
    }
  }

  /** A client will not be met at a listener any more. */
  #forget(client: Client): void {
    const { end } = client
    this.#clientOf.delete(end)
    this.#closed.delete(client)
    end.outside = end.peer === null
    const key = keyOf(end.localAddress, end.remoteAddress)
    const others = this.#clients.get(key)?.filter((other) => other !== client) ?? []
    if (others.length > 0) this.#clients.set(key, others)
    else this.#clients.delete(key)
  }

  #listenerAt(to: ConnectTarget): ListeningEnd | undefined {
    for (const listener of this.#listeners) {
      const { address } = listener
      if ('path' in to ? address.path === to.path : address.path === undefined && isReached(address, to)) {
        return listener
      }
    }
    return undefined
  }
}

/** Whether a connect to a host and a port may reach a listener at an address. */
function isReached(address: Address, to: { readonly host: string; readonly port: number }): boolean {
  return address.port === to.port && (isWildcard(address) || address.host === to.host)
}

/**
 * Whether a connection may lead to a socket of this machine, by addresses that tell: the system
 * then gives both ends the same one. The ends of a Unix socket have none.
 */
function isWithinMachine({ localAddress: local, remoteAddress: remote }: End): boolean {
  if (local === undefined || remote === undefined || local.path !== undefined) return false
  return local.host === remote.host || (isLoopback(local) && isLoopback(remote))
}

function isLoopback({ host }: Address): boolean {
  return host.startsWith('127.')
}

function join(one: End, other: End): void {
  one.peer = other
  other.peer = one
  one.outside = false
  other.outside = false
}

function keyOf(from: Address | undefined, to: Address | undefined): string {
  return `${from}>${to}`
}
