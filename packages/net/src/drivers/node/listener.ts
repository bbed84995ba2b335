/**
 * A listener of the `node` driver. Node accepts connections whether or not they are wanted, so it
 * keeps those that were not accepted by a task, and bounds their number.
 */

import { fstatSync } from 'node:fs'
import net from 'node:net'
import { Address, hasNul, isWildcard, UNNAMED } from '../../driver/address.js'
import { addressOf, type FdEndpoint, type HostEndpoint, type PathEndpoint } from '../../driver/endpoint.js'
import {
  type DriverListener,
  type DriverSocket,
  type ListenSettings,
  type ListenTarget,
  type Observer,
  READABLE,
} from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { claimPath, type SocketFile, systemPath } from '../socket-file.js'
import { descriptorLimit } from './limits.js'
import { optionsOf } from './settings.js'
import { type KnownEnds, NodeSocket } from './socket.js'
import { REUSES_PORTS, refusalOf } from './versions.js'

/**
 * How many times the backlog may wait in the process. Newer versions of Node take a whole burst
 * from the kernel's queue, which fills again before a task can accept.
 */
const MAX_BACKLOGS = 8

/** Waiting connections hold descriptors: at most one in so many of them. */
const DESCRIPTOR_SHARE = 8

export class NodeListener implements DriverListener {
  observer: Observer | null = null
  dropped = 0
  readonly #server: net.Server
  /** Connections that Node has accepted, and that no task has accepted yet. */
  readonly #waiting: NodeSocket[] = []
  /** How many connections may wait; further ones are reset. */
  readonly #maxWaiting: number
  #address: Address
  readonly #fail: (error: Error) => void
  /** What is known of the ends of each connection. */
  #ends: KnownEnds | null = null
  /** The file of a Unix socket. */
  #file: SocketFile | null = null
  #closed = false

  constructor(target: ListenTarget, done: (error: Error | null, listener: DriverListener | null) => void) {
    this.#maxWaiting = Math.min(
      target.backlog * MAX_BACKLOGS,
      Math.ceil(descriptorLimit() / DESCRIPTOR_SHARE),
    )
    this.#address = 'fd' in target ? UNNAMED : addressOf(target)
    this.#fail = (error) => done(listenErrorOf(error, target), null)
    this.#server = net.createServer({
      // Otherwise Node ends our side when the peer ends its side, and a reply that is being
      // computed is lost.
      allowHalfOpen: true,
      // Nothing is read before the first try.
      pauseOnConnect: true,
      ...optionsOf(target),
    })
    this.#server.on('connection', (socket) => this.#onConnection(socket))
    this.#server.on('error', this.#fail)
    this.#server.on('listening', () => {
      if (!('path' in target)) this.#address = boundAddress(this.#server)
      this.#ends = endsOf(this.#address)
      done(null, this)
    })
    if ('path' in target) this.#listenAtPath(target)
    else if ('fd' in target) this.#adopt(target)
    else this.#listenAtHost(target)
  }

  #listenAtHost(target: HostEndpoint & ListenSettings): void {
    const { host, port, backlog, ipv6Only = false, reusePort = false } = target
    if (reusePort && !REUSES_PORTS) {
      queueMicrotask(() => this.#fail(systemError('ENOTSUP', 'listen')))
      return
    }
    if (hasNul(host)) {
      queueMicrotask(() => this.#fail(systemError('ENOTFOUND', 'getaddrinfo')))
      return
    }
    // A variable, since `reusePort` is missing in the types of Node 20.
    const options = { port, backlog, ipv6Only, reusePort, ...(host === '' ? {} : { host }) }
    this.#server.listen(options)
  }

  #listenAtPath(target: PathEndpoint & ListenSettings): void {
    claimPath(target, (error, file) => {
      if (this.#closed) return
      if (error !== null) return this.#fail(error)
      const path = file?.temporary ?? systemPath(target.path)
      const refusal = refusalOf(file?.temporary ?? target.path)
      if (refusal !== undefined) return this.#fail(systemError(refusal, 'listen'))
      // `exclusive`: the worker of a cluster binds the path itself, and now.
      this.#server.listen({ path, backlog: target.backlog, exclusive: true })
      // If that failed, 'error' follows.
      if (file === null || !this.#server.listening) return
      try {
        file.publish()
        this.#file = file
      } catch (error) {
        this.#server.close()
        this.#fail(error as Error) // Made by node:fs.
      }
    })
  }

  /** Node itself says EINVAL to everything that it cannot listen on. */
  #adopt({ fd, backlog }: FdEndpoint & ListenSettings): void {
    try {
      if (!fstatSync(fd).isSocket()) throw systemError('ENOTSOCK', 'listen')
      if (adopted.has(fd)) throw systemError('EBUSY', 'listen')
    } catch (error) {
      queueMicrotask(() => this.#fail(error as Error)) // Made here or by node:fs.
      return
    }
    // `exclusive`: the descriptor of this process, and not that of the primary of a cluster.
    this.#server.listen({ fd, backlog, exclusive: true })
    if (!this.#server.listening) return
    adopted.add(fd)
    this.#server.on('close', () => adopted.delete(fd))
  }

  get address(): Address {
    return this.#address
  }

  accept(): DriverSocket | null {
    return this.#waiting.shift() ?? null
  }

  close(): void {
    this.#closed = true
    this.#file?.remove()
    this.#server.close()
    this.dropped += this.#waiting.length
    for (const socket of this.#waiting.splice(0)) socket.reset()
  }

  #onConnection(socket: net.Socket): void {
    const made = new NodeSocket(socket, this.#ends)
    if (this.#waiting.length >= this.#maxWaiting) {
      this.dropped++
      made.reset()
      return
    }
    this.#waiting.push(made)
    this.observer?.ready(READABLE)
  }
}

/** The descriptors that listeners have: a second one would close them again, after their reuse. */
const adopted = new Set<number>()

/** The address of a server; without a name if Node does not know that of its descriptor. */
function boundAddress(server: net.Server): Address {
  const bound = server.address()
  if (bound === null) return UNNAMED
  if (typeof bound === 'string') return new Address('', 0, bound.replace(/^\0/, '@'))
  return new Address(bound.address, bound.port)
}

/** Our end of every connection is where the server listens, unless that is any address. */
function endsOf(address: Address): KnownEnds | null {
  if (address.path !== undefined) return { local: address, remote: UNNAMED }
  return isWildcard(address) ? null : { local: address, remote: null }
}
