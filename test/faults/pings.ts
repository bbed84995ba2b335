// A normal client, which talks to the server while the test disturbs it.
import { once } from 'node:events'
import net from 'node:net'

/** How long a server may take to answer. A busy machine is slow, and a dead server is silent. */
const PATIENCE_MS = 5000

/** The options of a pinging client. */
export interface PingOptions {
  /** The pause after each answer, in milliseconds. */
  readonly everyMs?: number
  /** The first text on each connection. */
  readonly greeting?: string
}

/** A client that sends `ping` repeatedly, and waits for each `pong`. */
export class Pings {
  /** The time of each answer, in milliseconds. */
  readonly latencies: number[] = []
  /** The number of unanswered pings and broken connections. */
  lost = 0
  readonly #everyMs: number
  readonly #done: Promise<void>
  #stopped = false

  constructor(port: number, { everyMs = 5, greeting = 'ping' }: PingOptions = {}) {
    this.#everyMs = everyMs
    this.#done = this.#talk(port, greeting)
  }

  /** The number of pings. */
  get total(): number {
    return this.latencies.length + this.lost
  }

  /** Stops after the last answer. */
  async stop(): Promise<this> {
    this.#stopped = true
    await this.#done
    return this
  }

  /** The 99th percentile of the times of the answers, without the first `from`. */
  p99(from = 0): number {
    const sorted = this.latencies.slice(from).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  }

  async #talk(port: number, greeting: string): Promise<void> {
    let client: LineClient | null = null
    while (!this.#stopped) {
      const began = performance.now()
      try {
        if (client === null) {
          client = await LineClient.connect(port)
          if ((await client.ask(greeting)) === null) throw new Error('no greeting')
        }
        if ((await client.ask('ping')) !== 'pong') throw new Error('no pong')
        this.latencies.push(performance.now() - began)
      } catch {
        this.lost++
        client?.close()
        client = null
      }
      await new Promise((resolve) => setTimeout(resolve, this.#everyMs))
    }
    client?.close()
  }
}

/** A client that sends lines and waits for lines. */
export class LineClient {
  readonly socket: net.Socket
  #text = ''
  #over = false
  #changed = (): void => {}

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      this.#text += text
      this.#changed()
    })
    socket.on('error', () => {})
    for (const end of ['end', 'close'] as const) {
      socket.on(end, () => {
        this.#over = true
        this.#changed()
      })
    }
  }

  static async connect(port: number, localAddress = '127.0.0.1'): Promise<LineClient> {
    const socket = net.connect({ host: '127.0.0.1', port, localAddress, noDelay: true })
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE_MS) })
    } catch (error) {
      socket.destroy()
      throw error
    }
    return new LineClient(socket)
  }

  /** Sends a line; gives the next line received, or null if the connection ends. */
  async ask(line: string, patienceMs = PATIENCE_MS): Promise<string | null> {
    this.socket.write(`${line}\n`)
    return this.line(patienceMs)
  }

  /** The next line, or null if the connection ends. */
  async line(patienceMs = PATIENCE_MS): Promise<string | null> {
    await this.#until(() => this.#over || this.#text.includes('\n'), patienceMs)
    const end = this.#text.indexOf('\n')
    if (end === -1) return null
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 1)
    return line
  }

  /** Exactly `length` bytes, as Latin-1, or null if the connection ends before. */
  async bytes(length: number, patienceMs = PATIENCE_MS): Promise<string | null> {
    await this.#until(() => this.#over || this.#text.length >= length, patienceMs)
    if (this.#text.length < length) return null
    const bytes = this.#text.slice(0, length)
    this.#text = this.#text.slice(length)
    return bytes
  }

  /** The received text that was not read. */
  get rest(): string {
    return this.#text
  }

  /** Waits for the end of the connection. */
  async end(patienceMs = PATIENCE_MS): Promise<void> {
    await this.#until(() => this.#over, patienceMs)
  }

  close(): void {
    this.socket.destroy()
  }

  async #until(condition: () => boolean, patienceMs: number): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#changed = () => {}
        reject(
          new Error(
            `waited ${patienceMs} ms without success; received so far: ${JSON.stringify(this.#text.slice(0, 100))}`,
          ),
        )
      }, patienceMs)
      this.#changed = () => {
        if (!condition()) return
        clearTimeout(timer)
        this.#changed = () => {}
        resolve()
      }
    })
  }
}

/** Connects clients, a few at a time. */
export async function lineClients(port: number, count: number): Promise<LineClient[]> {
  const clients: LineClient[] = []
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(50, count - clients.length) }, () => LineClient.connect(port))
    clients.push(...(await Promise.all(some)))
  }
  return clients
}

/** Pings the server as a new client; gives whether it answered. */
export async function answers(port: number): Promise<boolean> {
  let client: LineClient | undefined
  try {
    client = await LineClient.connect(port)
    return (await client.ask('ping')) === 'pong'
  } catch {
    return false
  } finally {
    client?.close()
  }
}

/** The number of new clients that get an answer, with `atOnce` at a time. */
export async function answered(port: number, clients: number, atOnce = 5): Promise<number> {
  let count = 0
  for (let i = 0; i < clients; i += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, clients - i) }, () => answers(port))
    count += (await Promise.all(some)).filter(Boolean).length
  }
  return count
}
