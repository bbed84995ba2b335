/**
 * A listener of the `node` driver. Node accepts connections whether or not they are wanted, so it
 * keeps those that were not accepted by a task, and bounds their number.
 */

import net from 'node:net'
import { Address, hasNul } from '../../driver/address.js'
import {
  type DriverListener,
  type DriverSocket,
  type ListenTarget,
  type Observer,
  READABLE,
} from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { descriptorLimit } from './limits.js'
import { NodeSocket, optionsOf } from './socket.js'

/**
 * How many times the backlog may wait in the process. Newer versions of Node take a whole burst
 * from the kernel's queue, which fills again before a task can accept.
 */
const MAX_BACKLOGS = 8

/** Waiting connections hold descriptors: at most one in so many of them. */
const DESCRIPTOR_SHARE = 8

/** Node supports `reusePort` since 22.12 and 23.1; earlier versions ignore it silently. */
const REUSES_PORTS = isAtLeast(process.versions.node, [22, 12]) && !/^23\.0\./.test(process.versions.node)

export class NodeListener implements DriverListener {
  observer: Observer | null = null
  dropped = 0
  readonly #server: net.Server
  /** Connections that Node has accepted, and that no task has accepted yet. */
  readonly #waiting: NodeSocket[] = []
  /** How many connections may wait; further ones are reset. */
  readonly #maxWaiting: number
  #address: Address

  constructor(target: ListenTarget, done: (error: Error | null, listener: DriverListener | null) => void) {
    this.#maxWaiting = Math.min(
      target.backlog * MAX_BACKLOGS,
      Math.ceil(descriptorLimit() / DESCRIPTOR_SHARE),
    )
    this.#address = new Address(target.host, target.port)
    this.#server = net.createServer({
      // Otherwise Node ends our side when the peer ends its side, and a reply that is being
      // computed is lost.
      allowHalfOpen: true,
      // Nothing is read before the first try.
      pauseOnConnect: true,
      ...optionsOf(target),
    })
    this.#server.on('connection', (socket) => this.#onConnection(socket))
    this.#server.on('error', (error) => done(listenErrorOf(error, target), null))
    this.#server.on('listening', () => {
      const { address, port } = this.#server.address() as net.AddressInfo // A TCP server's address is never a string.
      this.#address = new Address(address, port)
      done(null, this)
    })
    const { host, port, backlog, ipv6Only = false, reusePort = false } = target
    if (reusePort && !REUSES_PORTS) {
      queueMicrotask(() => done(listenErrorOf(systemError('ENOTSUP', 'listen'), target), null))
      return
    }
    if (hasNul(host)) {
      queueMicrotask(() => done(listenErrorOf(systemError('ENOTFOUND', 'getaddrinfo'), target), null))
      return
    }
    // A variable, since `reusePort` is missing in the types of Node 20.
    const options = { port, backlog, ipv6Only, reusePort, ...(host === '' ? {} : { host }) }
    this.#server.listen(options)
  }

  get address(): Address {
    return this.#address
  }

  accept(): DriverSocket | null {
    return this.#waiting.shift() ?? null
  }

  close(): void {
    this.#server.close()
    this.dropped += this.#waiting.length
    for (const socket of this.#waiting.splice(0)) socket.reset()
  }

  #onConnection(socket: net.Socket): void {
    const made = new NodeSocket(socket)
    if (this.#waiting.length >= this.#maxWaiting) {
      this.dropped++
      made.reset()
      return
    }
    this.#waiting.push(made)
    this.observer?.ready(READABLE)
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
