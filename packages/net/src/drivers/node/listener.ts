/**
 * A listener of the `node` driver.
 */

import net from 'node:net'
import { Address } from '../../driver/address.js'
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
 * How many times the kernel's backlog may wait in the process. Node accepts whether anybody wants it or not, and newer versions
 * take a whole burst off the kernel's queue, which fills again meanwhile, before anybody has a turn at accepting.
 */
const BURST = 8

/** They hold descriptors, of which this share, and no more, may wait. */
const SHARE = 8

/** Since 22.12 and 23.1; before, Node ignored it without a word. */
const REUSES_PORTS = isAtLeast(process.versions.node, [22, 12]) && !/^23\.0\./.test(process.versions.node)

export class NodeListener implements DriverListener {
  observer: Observer | null
  dropped: number
  readonly #server: net.Server
  readonly #accepted: NodeSocket[]
  /** How many of them wait to be asked for; more are reset. */
  readonly #most: number
  #address: Address

  constructor(target: ListenTarget, done: (error: Error | null, listener: DriverListener | null) => void) {
    this.observer = null
    this.dropped = 0
    this.#accepted = []
    this.#most = Math.min(target.backlog * BURST, Math.ceil(descriptorLimit() / SHARE))
    this.#address = new Address(target.host, target.port)
    this.#server = net.createServer({
      // Otherwise Node ends our side when the peer ends its own, and a reply that is being computed is lost.
      allowHalfOpen: true,
      // Nothing is read before somebody asks for it.
      pauseOnConnect: true,
      ...optionsOf(target),
    })
    this.#server.on('connection', (socket) => this.#heardConnection(socket))
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
    // `reusePort` is younger than Node 20, and so than its types.
    const options = { port, backlog, ipv6Only, reusePort, ...(host === '' ? {} : { host }) }
    this.#server.listen(options)
  }

  get address(): Address {
    return this.#address
  }

  accept(): DriverSocket | null {
    return this.#accepted.shift() ?? null
  }

  close(): void {
    this.#server.close()
    this.dropped += this.#accepted.length
    for (const socket of this.#accepted.splice(0)) socket.reset()
  }

  #heardConnection(socket: net.Socket): void {
    const made = new NodeSocket(socket)
    if (this.#accepted.length >= this.#most) {
      this.dropped++
      made.reset()
      return
    }
    this.#accepted.push(made)
    this.observer?.ready(READABLE)
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
