// The harness of the suite of every driver: a driver, its network, and sockets whose reports are
// recorded.
import {
  CLOSED,
  type Driver,
  type DriverListener,
  type DriverSocket,
  type ListenTarget,
  type Observer,
  type SocketSettings,
  WRITABLE,
} from '@bluelet/net/driver'

/** A driver, and the properties of its network that the suite needs. */
export interface DriverSample {
  readonly driver: Driver
  /** An address of this machine. */
  readonly address: string
  /** Whether it can listen on `::`, which needs IPv6. */
  readonly ipv6: boolean
  /** A name that has no address and whose look-up causes no traffic. */
  readonly unknownName: string
  /** Lets the network proceed for a while. */
  turn(): Promise<void>
  /** The number of descriptors in use. */
  descriptors(): number
  /**
   * How many milliseconds of real time a test waits for anything before it fails. Default: 4000.
   */
  readonly patienceMs?: number
}

const PATIENCE_MS = 20_000
/** More than any kernel buffers between two sockets on one machine. */
const MORE_THAN_BUFFERED = 64 * 1024 * 1024
const BLOCK = 1024 * 1024
/** The number of turns after which no more work is pending. */
const QUIET_TURNS = 50

/** Records what a socket or a listener reports. */
export class Recorder implements Observer {
  readonly told: number[] = []

  ready(what: number): void {
    this.told.push(what)
  }

  /** How often one of these bits was reported. */
  count(what: number): number {
    return this.told.filter((bits) => (bits & what) !== 0).length
  }
}

export interface End {
  readonly socket: DriverSocket
  readonly recorder: Recorder
}

/** Makes sockets of a driver, and waits for their reports. */
export class DriverHarness {
  readonly sample: DriverSample

  constructor(sample: DriverSample) {
    this.sample = sample
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const end = performance.now() + (this.sample.patienceMs ?? PATIENCE_MS)
    while (!condition()) {
      if (performance.now() > end) throw new Error(`waited without success: ${what}`)
      await this.sample.turn()
    }
  }

  /** Writes until a write throws; gives its error. */
  async writeFailure({ socket }: End): Promise<unknown> {
    let failure: unknown
    await this.until('a write throws', () => {
      try {
        socket.write(Buffer.from('x'))
      } catch (error) {
        failure = error
      }
      return failure !== undefined
    })
    return failure
  }

  async quiet(): Promise<void> {
    for (let i = 0; i < QUIET_TURNS; i++) await this.sample.turn()
  }

  async listen(
    port = 0,
    target: Partial<ListenTarget> = {},
  ): Promise<{ listener: DriverListener; recorder: Recorder }> {
    const { driver, address: host } = this.sample
    const listener = await new Promise<DriverListener>((resolve, reject) => {
      driver.listen({ host, port, backlog: 511, ...target }, (error, made) => {
        if (made === null) reject(error)
        else resolve(made)
      })
    })
    const recorder = new Recorder()
    listener.observer = recorder
    return { listener, recorder }
  }

  connect(port: number, settings?: SocketSettings): End {
    const socket = this.sample.driver.connect({ host: this.sample.address, port }, settings)
    const recorder = new Recorder()
    socket.observer = recorder
    return { socket, recorder }
  }

  async accept(listener: DriverListener): Promise<End> {
    let socket: DriverSocket | null = null
    await this.until('a connection to accept', () => {
      socket = listener.accept()
      return socket !== null
    })
    const recorder = new Recorder()
    socket!.observer = recorder
    return { socket: socket!, recorder }
  }

  /** Two connected sockets. */
  async pair(): Promise<{ one: End; other: End; close: () => Promise<void> }> {
    const { listener } = await this.listen()
    const one = this.connect(listener.address.port)
    const other = await this.accept(listener)
    await this.until('the connection', () => one.recorder.count(WRITABLE) > 0)
    listener.close()
    const close = async () => {
      for (const { socket } of [one, other]) socket.reset()
      await this.closed(one, other)
    }
    return { one, other, close }
  }

  /** Waits until sockets that are closing are closed. */
  async closed(...ends: readonly End[]): Promise<void> {
    await this.until('CLOSED', () => ends.every(({ recorder }) => recorder.count(CLOSED) > 0))
  }

  /** Reads up to the end of the stream. */
  async readAll({ socket }: End, max = 65_536): Promise<Buffer> {
    const chunks: Buffer[] = []
    await this.until('the end of the stream', () => {
      for (let chunk = socket.read(max); chunk !== null; chunk = socket.read(max)) {
        if (chunk.length === 0) return true
        chunks.push(chunk)
      }
      return false
    })
    return Buffer.concat(chunks)
  }

  /** Reads exactly `n` bytes. */
  async readExactly({ socket }: End, n: number): Promise<Buffer> {
    let bytes = Buffer.alloc(0)
    await this.until(`${n} bytes`, () => {
      for (let chunk = socket.read(n - bytes.length); chunk !== null; chunk = socket.read(n - bytes.length)) {
        if (chunk.length === 0) throw new Error('the stream has ended')
        bytes = Buffer.concat([bytes, chunk])
        if (bytes.length === n) return true
      }
      return false
    })
    return bytes
  }

  /** Writes all bytes, and waits until the kernel has them. */
  async writeAll({ socket }: End, bytes: Buffer): Promise<void> {
    let rest = bytes
    await this.until('all is written', () => {
      while (rest.length > 0) {
        const taken = socket.write(rest)
        if (taken === 0) return false
        rest = rest.subarray(taken)
      }
      return socket.unsent === 0
    })
  }

  /** Writes until a write would block; gives the number of bytes taken. */
  async fill({ socket }: End): Promise<number> {
    const block = Buffer.alloc(BLOCK, 'f')
    let taken = 0
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      const n = socket.write(block.subarray(taken % BLOCK))
      taken += n
      if (n > 0) quiet = 0
      if (taken > MORE_THAN_BUFFERED) throw new Error('a peer that reads nothing took everything')
      await this.sample.turn()
    }
    return taken
  }

  /** Reads until a read throws; gives the bytes and the error. */
  async failure({ socket }: End): Promise<{ bytes: Buffer; error: unknown }> {
    const chunks: Buffer[] = []
    let failure: unknown
    await this.until('a read throws', () => {
      try {
        for (let chunk = socket.read(65_536); chunk !== null; chunk = socket.read(65_536)) {
          if (chunk.length === 0) throw new Error('this was taken for the end of the stream')
          chunks.push(chunk)
        }
      } catch (error) {
        failure = error
      }
      return failure !== undefined
    })
    return { bytes: Buffer.concat(chunks), error: failure }
  }
}
