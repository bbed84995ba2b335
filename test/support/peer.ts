// The other end of a connection: a raw node:net socket, which does what our own connections would
// not.
import net from 'node:net'

/** No test waits longer than this for a peer. */
const PATIENCE_MS = 20_000

const peers = new Set<Peer>()
const servers = new Set<RawServer>()

/** A raw socket, and what has happened on it so far. It reads nothing until it is told to. */
export class Peer {
  readonly socket: net.Socket
  /** What it has received. */
  readonly chunks: Buffer[] = []
  /** How many bytes that is. */
  length = 0
  /** The other side has ended its stream. */
  ended = false
  closed = false
  /** The codes of its errors. */
  readonly errors: string[] = []
  readonly #conditions = new Set<() => void>()

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.pause()
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk)
      this.length += chunk.length
      this.#changed()
    })
    socket.on('end', () => {
      this.ended = !isReset(socket)
      this.#changed()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errors.push(error.code ?? error.message)
      this.#changed()
    })
    socket.on('close', () => {
      this.closed = true
      peers.delete(this)
      this.#changed()
    })
    peers.add(this)
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }

  /** Begins to read. */
  read(): this {
    this.socket.resume()
    return this
  }

  write(data: string | Uint8Array): this {
    this.socket.write(data)
    return this
  }

  /** Ends its side of the stream. */
  end(): this {
    this.socket.end()
    return this
  }

  /** Closes with a reset, and waits until that has gone out. */
  async reset(): Promise<void> {
    this.socket.resetAndDestroy()
    await this.until('closed', () => this.closed)
  }

  /** Waits for a condition of this peer. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const seen = `${this.length} bytes, ended ${this.ended}, closed ${this.closed}, errors [${this.errors}]`
      const check = () => {
        if (!condition()) return
        clearTimeout(timer)
        this.#conditions.delete(check)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#conditions.delete(check)
        reject(new Error(`the peer waited without success: ${what} (when it began to wait: ${seen})`))
      }, PATIENCE_MS)
      this.#conditions.add(check)
    })
  }

  /** Reads up to the end of the stream, or to an error. */
  async finish(): Promise<void> {
    this.read()
    await this.until('the end', () => this.ended || this.errors.length > 0 || this.closed)
  }

  #changed(): void {
    for (const check of [...this.#conditions]) check()
  }
}

/** A raw server, each connection to which is a {@link Peer}. */
export class RawServer {
  readonly peers: Peer[] = []
  readonly #server: net.Server
  readonly #waiting: ((peer: Peer) => void)[] = []

  constructor(server: net.Server) {
    this.#server = server
    servers.add(this)
    server.on('connection', (socket) => {
      const peer = new Peer(socket)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.peers.push(peer)
      else waiting(peer)
    })
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  /** The next connection. */
  next(): Promise<Peer> {
    const peer = this.peers.shift()
    return peer === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(peer)
  }

  close(): void {
    servers.delete(this)
    this.#server.close()
  }
}

/**
 * Whether what Node has taken for the end of the stream is a reset: libuv says so when a reset is
 * found behind bytes that were not read yet. Writing no bytes changes nothing but fails on a reset
 * socket.
 */
function isReset(socket: net.Socket): boolean {
  if (socket.writable) socket.write(Buffer.alloc(0))
  return socket.errored !== null
}

/** Connects a raw socket that leaves its own side open when the other one ends. */
export function dial(port: number, host = '127.0.0.1'): Promise<Peer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host, allowHalfOpen: true, noDelay: true })
    const peer = new Peer(socket)
    socket.once('connect', () => resolve(peer))
    socket.once('error', reject)
  })
}

/** Listens with a raw server. */
export function rawServer(host = '127.0.0.1'): Promise<RawServer> {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.once('error', reject)
    server.listen(0, host, () => resolve(new RawServer(server)))
  })
}

/** A port of 127.0.0.1 without a listener. */
export async function freePort(): Promise<number> {
  const server = await rawServer()
  const { port } = server
  server.close()
  return port
}

/** Ends what a test has left. */
export function destroyPeers(): void {
  for (const peer of [...peers]) peer.socket.destroy()
  for (const server of [...servers]) server.close()
}
