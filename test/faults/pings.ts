// A client like others, that talks to the server while something happens to it.
import { once } from 'node:events'
import net from 'node:net'

/** How long a server may take for a word before it counts as no answer: a busy machine is slow, a dead server silent. */
const PATIENCE_MS = 5000

/** How it pings. */
export interface PingOptions {
  /** How long it waits after each answer. */
  readonly everyMs?: number
  /** What it says first on each connection. */
  readonly greeting?: string
}

/** A client that says `ping` again and again, and waits for each `pong`. */
export class Pings {
  /** How long each answer has taken, in milliseconds. */
  readonly latencies: number[] = []
  /** Pings without an answer, and connections that broke. */
  lost = 0
  readonly #everyMs: number
  readonly #done: Promise<void>
  #stopped = false

  constructor(port: number, { everyMs = 5, greeting = 'ping' }: PingOptions = {}) {
    this.#everyMs = everyMs
    this.#done = this.#talk(port, greeting)
  }

  /** How many there were. */
  get total(): number {
    return this.latencies.length + this.lost
  }

  /** Stops, once the last answer has come. */
  async stop(): Promise<this> {
    this.#stopped = true
    await this.#done
    return this
  }

  /** How long the slowest answer but one in a hundred has taken, of those after the first so many. */
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

/** A client that says lines and waits for lines. */
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

  /** Says a line, and gives the next one; null if the connection ends instead. */
  async ask(line: string, patienceMs = PATIENCE_MS): Promise<string | null> {
    this.socket.write(`${line}\n`)
    return this.line(patienceMs)
  }

  /** The next line; null if the connection ends instead. */
  async line(patienceMs = PATIENCE_MS): Promise<string | null> {
    await this.#until(() => this.#over || this.#text.includes('\n'), patienceMs)
    const end = this.#text.indexOf('\n')
    if (end === -1) return null
    const line = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 1)
    return line
  }

  /** Exactly so many bytes, as Latin-1; null if the connection ends before. */
  async bytes(length: number, patienceMs = PATIENCE_MS): Promise<string | null> {
    await this.#until(() => this.#over || this.#text.length >= length, patienceMs)
    if (this.#text.length < length) return null
    const bytes = this.#text.slice(0, length)
    this.#text = this.#text.slice(length)
    return bytes
  }

  /** What has come and nobody has asked for. */
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
          new Error(`waited ${patienceMs} ms in vain; so far: ${JSON.stringify(this.#text.slice(0, 100))}`),
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

/** So many clients, connected, a few at a time. */
export async function lineClients(port: number, count: number): Promise<LineClient[]> {
  const clients: LineClient[] = []
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(50, count - clients.length) }, () => LineClient.connect(port))
    clients.push(...(await Promise.all(some)))
  }
  return clients
}

/** Asks the server for a word as a new client; says whether it has answered, and so whether it lives. */
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

/** How many of so many clients, `atOnce` at a time, are answered. */
export async function answered(port: number, clients: number, atOnce = 5): Promise<number> {
  let count = 0
  for (let i = 0; i < clients; i += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, clients - i) }, () => answers(port))
    count += (await Promise.all(some)).filter(Boolean).length
  }
  return count
}
