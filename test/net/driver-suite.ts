// What every driver must do, tried on the driver alone: both ends are its own sockets, so that a network in memory can run
// the same suite as the kernel's.
import { ConnectionResetError, ListenError } from '@bluelet/net'
import {
  CLOSED,
  type Driver,
  type DriverListener,
  type DriverSocket,
  FAILED,
  type ListenTarget,
  type Observer,
  READABLE,
  type SocketSettings,
  WRITABLE,
} from '@bluelet/net/driver'
import { describe, expect, it } from 'vitest'
import { pattern, randomNumbers } from './world.js'

/** A driver, and what the suite has to know of the network under it. */
export interface DriverSample {
  readonly driver: Driver
  /** An address of this machine. */
  readonly address: string
  /** Whether it can listen on `::`, which a machine without IPv6 cannot. */
  readonly ipv6: boolean
  /** A name that has no address, asked for without traffic. */
  readonly unknownName: string
  /** Lets the network go on for a while. */
  turn(): Promise<void>
  /** How many descriptors are held. */
  descriptors(): number
}

/** More than any kernel buffers between two sockets on one machine. */
const MORE_THAN_BUFFERED = 64 * 1024 * 1024
const BLOCK = 1024 * 1024
/** After so many turns nothing is under way any more. */
const QUIET_TURNS = 50

/** Writes down what it hears. */
class Witness implements Observer {
  readonly heard: number[] = []

  ready(what: number): void {
    this.heard.push(what)
  }

  /** How often it heard one of these. */
  count(what: number): number {
    return this.heard.filter((heard) => (heard & what) !== 0).length
  }
}

interface End {
  readonly socket: DriverSocket
  readonly witness: Witness
}

export function driverSuite(name: string, sample: DriverSample): void {
  const bench = new Bench(sample)

  describe(`the ${name} driver, as every driver,`, () => {
    describeLookup(sample, bench)
    describeListening(sample, bench)
    describeConnecting(sample, bench)
    describeReading(bench)
    describeWriting(bench)
    describeShutdown(bench)
    describeClosing(sample, bench)
  })
}

/** Makes sockets, and waits for them. */
class Bench {
  readonly sample: DriverSample

  constructor(sample: DriverSample) {
    this.sample = sample
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const end = performance.now() + 4000
    while (!condition()) {
      if (performance.now() > end) throw new Error(`waited in vain: ${what}`)
      await this.sample.turn()
    }
  }

  /** Writes until that throws. @returns what */
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
  ): Promise<{ listener: DriverListener; witness: Witness }> {
    const { driver, address: host } = this.sample
    const listener = await new Promise<DriverListener>((resolve, reject) => {
      driver.listen({ host, port, backlog: 511, ...target }, (error, made) => {
        if (made === null) reject(error)
        else resolve(made)
      })
    })
    const witness = new Witness()
    listener.observer = witness
    return { listener, witness }
  }

  connect(port: number, settings?: SocketSettings): End {
    const socket = this.sample.driver.connect(this.sample.address, port, settings)
    const witness = new Witness()
    socket.observer = witness
    return { socket, witness }
  }

  async accept(listener: DriverListener): Promise<End> {
    let socket: DriverSocket | null = null
    await this.until('a connection to accept', () => {
      socket = listener.accept()
      return socket !== null
    })
    const witness = new Witness()
    socket!.observer = witness
    return { socket: socket!, witness }
  }

  /** Two connected sockets. */
  async pair(): Promise<{ one: End; other: End; close: () => Promise<void> }> {
    const { listener } = await this.listen()
    const one = this.connect(listener.address.port)
    const other = await this.accept(listener)
    await this.until('the connection', () => one.witness.count(WRITABLE) > 0)
    listener.close()
    const close = async () => {
      for (const { socket } of [one, other]) socket.reset()
      await this.closed(one, other)
    }
    return { one, other, close }
  }

  /** Waits until sockets that were told to close are closed. */
  async closed(...ends: readonly End[]): Promise<void> {
    await this.until('CLOSED', () => ends.every(({ witness }) => witness.count(CLOSED) > 0))
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

  /** Reads exactly so many bytes. */
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

  /** Writes until a write would block; says how many bytes were taken. */
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

  /** What a read throws, once all bytes are read. */
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

function describeLookup({ driver, address, unknownName }: DriverSample, bench: Bench): void {
  it('looks up an address as itself, once and later', async () => {
    const answers: unknown[] = []

    driver.lookup(address, (error, addresses) => answers.push([error, addresses]))
    const atOnce = answers.length
    await bench.until('an answer', () => answers.length > 0)
    await bench.quiet()

    expect(atOnce).toBe(0)
    expect(answers).toEqual([[null, [address]]])
  })

  it('looks up a name without addresses with an error or with none', async () => {
    const answers: { error: Error | null; addresses: readonly string[] }[] = []

    driver.lookup(unknownName, (error, addresses) => answers.push({ error, addresses }))
    await bench.until('an answer', () => answers.length > 0)

    expect(answers).toHaveLength(1)
    expect(answers[0]!.addresses).toEqual([])
  })
}

function describeListening(sample: DriverSample, bench: Bench): void {
  const { driver, address: host } = sample

  it('calls back later, with the real port', async () => {
    const listeners: (DriverListener | null)[] = []

    driver.listen({ host, port: 0, backlog: 1 }, (_error, listener) => listeners.push(listener))
    const atOnce = listeners.length
    await bench.until('it listens', () => listeners.length > 0)

    expect(atOnce).toBe(0)
    expect(listeners[0]!.address.port).toBeGreaterThan(0)
    expect(listeners[0]!.address.host).toBe(host)
    listeners[0]!.close()
  })

  it('refuses a port that is in use, with a ListenError', async () => {
    const { listener } = await bench.listen()

    const error: unknown = await bench.listen(listener.address.port).catch((error: unknown) => error)

    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ code: 'EADDRINUSE' })
    listener.close()
  })

  it('listens again on a port that was closed', async () => {
    const first = await bench.listen()
    const { port } = first.listener.address
    first.listener.close()

    const second = await bench.listen(port)

    expect(second.listener.address.port).toBe(port)
    second.listener.close()
  })

  it('holds nothing after a listen that was given up', async () => {
    const before = sample.descriptors()
    const late: DriverListener[] = []

    const giveUp = driver.listen({ host, port: 0, backlog: 1 }, (_error, listener) => {
      if (listener !== null) late.push(listener)
    })
    giveUp()
    await bench.quiet()
    for (const listener of late) listener.close()

    await bench.until('the descriptor is back', () => sample.descriptors() === before)
  })

  it('accepts nothing while nobody connects', async () => {
    const { listener, witness } = await bench.listen()

    const socket = listener.accept()
    await bench.quiet()

    expect(socket).toBeNull()
    expect(witness.heard).toEqual([])
    listener.close()
  })

  it('says that there is a connection, and accepts each once', async () => {
    const { listener, witness } = await bench.listen()
    const clients = [0, 1, 2].map(() => bench.connect(listener.address.port))

    await bench.until('readable', () => witness.count(READABLE) > 0)
    const accepted = [
      await bench.accept(listener),
      await bench.accept(listener),
      await bench.accept(listener),
    ]
    await bench.quiet()
    const more = listener.accept()

    await bench.until('connected', () => clients.every(({ witness }) => witness.count(WRITABLE) > 0))
    const theirs = accepted.map(({ socket }) => `${socket.remoteAddress}`).sort()
    const ours = clients.map(({ socket }) => `${socket.localAddress}`).sort()
    expect(more).toBeNull()
    expect(theirs).toEqual(ours)
    expect(new Set(theirs).size).toBe(3)
    listener.close()
    for (const { socket } of [...accepted, ...clients]) socket.reset()
    await bench.closed(...accepted, ...clients)
  })

  it('resets the connections that nobody has accepted when it closes, and counts them', async () => {
    const { listener, witness } = await bench.listen()
    const client = bench.connect(listener.address.port)
    await bench.until('readable', () => witness.count(READABLE) > 0 && client.witness.count(WRITABLE) > 0)

    listener.close()
    const { error } = await bench.failure(client)

    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(listener.dropped).toBe(1)
    client.socket.reset()
    await bench.closed(client)
  })

  it('takes every setting, of a listener and of a connection, and carries bytes', async () => {
    const settings = { noDelay: false, keepAlive: Number.POSITIVE_INFINITY }
    const { listener } = await bench.listen(0, { ...settings, ipv6Only: false, reusePort: false })
    const one = bench.connect(listener.address.port, { noDelay: true, keepAlive: 1000 })
    const other = await bench.accept(listener)
    listener.close()

    await bench.writeAll(other, Buffer.from('carried'))
    const bytes = await bench.readExactly(one, 7)

    expect(bytes.toString()).toBe('carried')
    for (const { socket } of [one, other]) socket.reset()
    await bench.closed(one, other)
  })

  it.runIf(sample.ipv6)(
    'leaves IPv4 clients out with ipv6Only, and only then (skipped where there is no IPv6 to listen on)',
    async () => {
      const outcomes: string[] = []

      for (const ipv6Only of [true, false]) {
        const { listener } = await bench.listen(0, { host: '::', ipv6Only })
        const client = bench.connect(listener.address.port)
        await bench.until('connected, or not', () => client.witness.count(WRITABLE | FAILED) > 0)
        outcomes.push(client.witness.count(FAILED) > 0 ? 'refused' : 'connected')
        listener.close()
        client.socket.reset()
        await bench.closed(client)
      }

      expect(outcomes).toEqual(['refused', 'connected'])
    },
  )

  it('leaves accepted connections alone when it closes', async () => {
    const { one, other, close } = await bench.pair()

    await bench.writeAll(one, Buffer.from('after the close'))
    const bytes = await bench.readExactly(other, 15)

    expect(bytes.toString()).toBe('after the close')
    await close()
  })
}

function describeConnecting(sample: DriverSample, bench: Bench): void {
  it('says that a connection is made, and knows both addresses', async () => {
    const { listener } = await bench.listen()

    const client = bench.connect(listener.address.port)
    const atOnce = client.witness.heard.length
    await bench.until('writable', () => client.witness.count(WRITABLE) > 0)
    const server = await bench.accept(listener)

    expect(atOnce).toBe(0)
    expect(`${client.socket.remoteAddress}`).toBe(`${listener.address}`)
    expect(`${server.socket.localAddress}`).toBe(`${listener.address}`)
    expect(`${server.socket.remoteAddress}`).toBe(`${client.socket.localAddress}`)
    listener.close()
    client.socket.reset()
    server.socket.reset()
    await bench.closed(client, server)
  })

  it('says FAILED of a refused connection; the next try throws why, and CLOSED comes once', async () => {
    const { listener } = await bench.listen()
    const { port } = listener.address
    listener.close()

    const client = bench.connect(port)
    await bench.until('failed', () => client.witness.count(FAILED) > 0)

    expect(() => client.socket.read(1)).toThrow(expect.objectContaining({ code: 'ECONNREFUSED' }))
    client.socket.reset()
    await bench.closed(client)
    await bench.quiet()
    expect(client.witness.count(CLOSED)).toBe(1)
  })

  it('gives up a connection that is being made: CLOSED once, and never WRITABLE', async () => {
    const before = sample.descriptors()
    const { listener } = await bench.listen()
    const client = bench.connect(listener.address.port)

    client.socket.reset()
    await bench.closed(client)
    await bench.quiet()

    expect(client.witness.count(WRITABLE)).toBe(0)
    expect(client.witness.count(CLOSED)).toBe(1)
    listener.close()
    await bench.until('the descriptors are back', () => sample.descriptors() === before)
  })
}

function describeReading(bench: Bench): void {
  it('would block while nothing has come, and says when something has', async () => {
    const { one, other, close } = await bench.pair()

    const nothing = other.socket.read(10)
    await bench.quiet()
    const before = other.witness.count(READABLE)
    await bench.writeAll(one, Buffer.from('x'))
    await bench.until('readable', () => other.witness.count(READABLE) > 0)

    expect(nothing).toBeNull()
    expect(before).toBe(0)
    expect(other.socket.read(10)?.toString()).toBe('x')
    await close()
  })

  it('says so anew after every try that would block', async () => {
    const { one, other, close } = await bench.pair()

    for (const letter of 'abc') {
      const nothing = other.socket.read(10)
      const before = other.witness.count(READABLE)
      await bench.writeAll(one, Buffer.from(letter))
      await bench.until(`readable: ${letter}`, () => other.witness.count(READABLE) > before)

      expect(nothing).toBeNull()
      expect(other.socket.read(10)?.toString()).toBe(letter)
    }
    await close()
  })

  it('stays readable until a try would block: what is left needs no new word', async () => {
    const { one, other, close } = await bench.pair()
    other.socket.read(1)
    await bench.writeAll(one, Buffer.from('abcdef'))
    await bench.until('readable', () => other.witness.count(READABLE) > 0)
    await bench.quiet()

    const pieces = [other.socket.read(1), other.socket.read(2), other.socket.read(100)]

    expect(pieces.map(String)).toEqual(['a', 'bc', 'def'])
    await close()
  })

  it('keeps what came before the first try', async () => {
    const { one, other, close } = await bench.pair()
    await bench.writeAll(one, Buffer.from('early'))
    await bench.quiet()

    const bytes = await bench.readExactly(other, 5)

    expect(bytes.toString()).toBe('early')
    await close()
  })

  it('gives no bytes at the end of the stream, as often as it is asked', async () => {
    const { one, other, close } = await bench.pair()
    await bench.writeAll(one, Buffer.from('last'))
    one.socket.shutdown()

    const bytes = await bench.readAll(other)
    const again = [other.socket.read(1), other.socket.read(1)]

    expect(bytes.toString()).toBe('last')
    expect(again.map((end) => end?.length)).toEqual([0, 0])
    await close()
  })

  it('says READABLE at the end of the stream', async () => {
    const { one, other, close } = await bench.pair()
    const nothing = other.socket.read(1)

    one.socket.shutdown()
    await bench.until('readable', () => other.witness.count(READABLE) > 0)

    expect(nothing).toBeNull()
    expect(other.socket.read(1)).toHaveLength(0)
    await close()
  })

  it('gives bytes that are the caller’s to keep', async () => {
    const { one, other, close } = await bench.pair()
    await bench.writeAll(one, Buffer.from('aaaaaaaa'))
    const first = await bench.readExactly(other, 4)

    await bench.writeAll(one, Buffer.from('bbbbbbbb'))
    const rest = await bench.readExactly(other, 12)
    rest.fill('c')

    expect(first.toString()).toBe('aaaa')
    await close()
  })

  it('never gives more than was asked for, and loses no byte of a megabyte', async () => {
    const { one, other, close } = await bench.pair()
    const sent = pattern(1024 * 1024)
    const random = randomNumbers(7)
    const chunks: Buffer[] = []
    let tooLong = 0
    let length = 0

    const writing = bench.writeAll(one, sent)
    await bench.until('all of it', () => {
      const max = 1 + random(5000)
      const chunk = other.socket.read(max)
      if (chunk !== null) {
        chunks.push(chunk)
        length += chunk.length
        if (chunk.length > max) tooLong++
      }
      return length === sent.length
    })
    await writing

    expect(tooLong).toBe(0)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    await close()
  })

  it('throws a reset, as often as it is asked, and never takes it for the end', async () => {
    const { one, other, close } = await bench.pair()
    other.socket.read(1)

    one.socket.reset()
    const { bytes, error } = await bench.failure(other)

    expect(bytes).toHaveLength(0)
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(() => other.socket.read(1)).toThrow(ConnectionResetError)
    expect(other.witness.count(FAILED)).toBeGreaterThan(0)
    await close()
  })

  it('gives the bytes that came before a reset first', async () => {
    const { one, other, close } = await bench.pair()
    const nothing = other.socket.read(1)
    await bench.writeAll(one, Buffer.from('abc'))
    await bench.until('readable', () => other.witness.count(READABLE) > 0)

    one.socket.reset()
    await bench.quiet()
    const { bytes, error } = await bench.failure(other)

    expect(nothing).toBeNull()
    expect(bytes.toString()).toBe('abc')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })

  it('gives all bytes that came before a reset first, in however many pieces they came', async () => {
    const { one, other, close } = await bench.pair()
    const nothing = other.socket.read(1)
    for (const piece of ['abc', 'def', 'ghi']) {
      await bench.writeAll(one, Buffer.from(piece))
      await bench.quiet()
    }

    one.socket.reset()
    await bench.quiet()
    const { bytes, error } = await bench.failure(other)

    expect(nothing).toBeNull()
    expect(bytes.toString()).toBe('abcdefghi')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })

  it('does not take a reset for the end of the stream when bytes that nobody has read came before it', async () => {
    const { one, other, close } = await bench.pair()
    await bench.writeAll(one, Buffer.from('truncated'))
    await bench.quiet()

    one.socket.reset()
    await bench.quiet()
    const { bytes, error } = await bench.failure(other)

    expect(bytes.toString()).toBe('truncated')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })

  it('tells nobody when nobody observes', async () => {
    const { one, other, close } = await bench.pair()
    other.socket.read(1)
    other.socket.observer = null

    await bench.writeAll(one, Buffer.from('unheard'))
    await bench.quiet()
    other.socket.observer = other.witness

    expect(other.witness.count(READABLE)).toBe(0)
    expect((await bench.readExactly(other, 7)).toString()).toBe('unheard')
    await close()
  })
}

function describeWriting(bench: Bench): void {
  it('takes bytes, which arrive', async () => {
    const { one, other, close } = await bench.pair()

    const taken = one.socket.write(Buffer.from('hello'))
    await bench.until('sent', () => one.socket.unsent === 0)
    const bytes = await bench.readExactly(other, taken)

    expect(taken).toBeGreaterThan(0)
    expect(bytes.toString()).toBe('hello'.slice(0, taken))
    await close()
  })

  it('would block with a peer that reads nothing, and says WRITABLE once it reads', async () => {
    const { one, other, close } = await bench.pair()

    const taken = await bench.fill(one)
    const blocked = one.socket.write(Buffer.from('f'))
    const before = one.witness.count(WRITABLE)
    const bytes = await bench.readExactly(other, taken)
    await bench.until('writable', () => one.witness.count(WRITABLE) > before)

    expect(blocked).toBe(0)
    expect(bytes).toHaveLength(taken)
    expect(one.socket.unsent).toBe(0)
    expect(one.socket.write(Buffer.from('more'))).toBeGreaterThan(0)
    await close()
  })

  it('sends 16 MiB to a peer that reads slowly, unchanged and in order', async () => {
    const { one, other, close } = await bench.pair()
    const sent = pattern(16 * 1024 * 1024)

    const writing = bench.writeAll(one, sent).then(() => one.socket.shutdown())
    const received = await bench.readAll(other)
    await writing

    expect(received.equals(sent)).toBe(true)
    await close()
  })

  it('throws once the peer has reset the connection', async () => {
    const { one, other, close } = await bench.pair()
    one.socket.reset()
    await bench.closed(one)

    const failure = await bench.writeFailure(other)

    expect(failure).toBeInstanceOf(ConnectionResetError)
    await close()
  })
}

function describeShutdown(bench: Bench): void {
  it('ends our side, and the other side goes on', async () => {
    const { one, other, close } = await bench.pair()
    await bench.writeAll(one, Buffer.from('question'))

    one.socket.shutdown()
    const question = await bench.readAll(other)
    await bench.writeAll(other, Buffer.from('answer'))
    other.socket.shutdown()
    const answer = await bench.readAll(one)

    expect(question.toString()).toBe('question')
    expect(answer.toString()).toBe('answer')
    await close()
  })

  it('ends our side after all that was written', async () => {
    const { one, other, close } = await bench.pair()
    const taken = await bench.fill(one)

    one.socket.shutdown()
    const bytes = await bench.readAll(other)

    expect(bytes).toHaveLength(taken)
    await close()
  })
}

function describeClosing(sample: DriverSample, bench: Bench): void {
  it('lingers until what was written has arrived and the peer has ended', async () => {
    const { one, other } = await bench.pair()
    const taken = await bench.fill(one)

    one.socket.close(true)
    const bytes = await bench.readAll(other)
    await bench.quiet()
    const closedBefore = one.witness.count(CLOSED)
    other.socket.close(true)
    await bench.closed(one, other)

    expect(bytes).toHaveLength(taken)
    expect(closedBefore).toBe(0)
  })

  it('lingers over input that nobody has read: the peer’s upload does not fail, and the reply arrives', async () => {
    const { one, other } = await bench.pair()
    const upload = bench.writeAll(other, pattern(8 * 1024 * 1024))
    await bench.writeAll(one, Buffer.from('reply'))
    await bench.quiet()

    one.socket.close(true)
    await upload
    const reply = await bench.readAll(other)

    expect(reply.toString()).toBe('reply')
    other.socket.close(true)
    await bench.closed(one, other)
  })

  it('closes at once with a reset, if it is not to linger', async () => {
    const { one, other } = await bench.pair()
    other.socket.read(1)

    one.socket.reset()
    const { error } = await bench.failure(other)

    expect(error).toBeInstanceOf(ConnectionResetError)
    other.socket.reset()
    await bench.closed(one, other)
  })

  it('closes at once, if it is not to linger: the peer gets what was written, and then the end', async () => {
    const { one, other } = await bench.pair()
    await bench.writeAll(one, Buffer.from('last'))
    const begun = sample.descriptors()

    one.socket.close(false)
    await bench.closed(one)
    await bench.until('its descriptor is free', () => sample.descriptors() === begun - 1)
    const bytes = await bench.readAll(other)

    expect(bytes.toString()).toBe('last')
    other.socket.close(true)
    await bench.closed(other)
  })

  it.each([
    ['before it was looked for', 0],
    ['after it was looked for', 1],
  ])('closes at once with a reset, if input that came %s is unread', async (_name, looks) => {
    const { one, other } = await bench.pair()
    for (let i = 0; i < looks; i++) one.socket.read(1)
    await bench.writeAll(other, Buffer.from('unread'))
    await bench.quiet()

    one.socket.close(false)
    await bench.closed(one)
    const { error } = await bench.failure(other)

    expect(error).toBeInstanceOf(ConnectionResetError)
    other.socket.reset()
    await bench.closed(other)
  })

  it('closes at once without a reset, if all input has been read', async () => {
    const { one, other } = await bench.pair()
    await bench.writeAll(other, Buffer.from('read'))
    await bench.readExactly(one, 4)

    one.socket.close(false)
    const bytes = await bench.readAll(other)

    expect(bytes).toHaveLength(0)
    other.socket.close(true)
    await bench.closed(one, other)
  })

  it('tells a peer by a reset that it goes on sending to one that has closed at once', async () => {
    const { one, other } = await bench.pair()
    one.socket.close(false)
    await bench.closed(one)

    const failure = await bench.writeFailure(other)

    expect(failure).toBeInstanceOf(ConnectionResetError)
    other.socket.reset()
    await bench.closed(other)
  })

  it('cuts a linger short by a reset', async () => {
    const { one, other } = await bench.pair()
    await bench.fill(one)
    one.socket.close(true)
    await bench.quiet()
    const lingering = one.witness.count(CLOSED) === 0

    one.socket.reset()
    await bench.closed(one)
    const { error } = await bench.failure(other)

    expect(lingering).toBe(true)
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(one.witness.count(CLOSED)).toBe(1)
    other.socket.reset()
    await bench.closed(other)
  })

  it('closes by a reset right after a shutdown', async () => {
    const { one, other } = await bench.pair()

    one.socket.shutdown()
    one.socket.reset()
    await bench.closed(one)

    expect(one.witness.count(CLOSED)).toBe(1)
    other.socket.reset()
    await bench.closed(other)
  })

  it('says CLOSED exactly once, however often and in whatever way it is closed', async () => {
    const { one, other } = await bench.pair()

    for (const linger of [true, true, false, false, true]) one.socket.close(linger)
    for (const linger of [false, true, false]) other.socket.close(linger)
    await bench.closed(one, other)
    one.socket.reset()
    other.socket.close(true)
    await bench.quiet()

    expect(one.witness.count(CLOSED)).toBe(1)
    expect(other.witness.count(CLOSED)).toBe(1)
  })

  it.each([true, false])(
    'says CLOSED once when the peer has ended its side before: close(%s)',
    async (linger) => {
      const { one, other } = await bench.pair()
      other.socket.shutdown()
      await bench.readAll(one)

      one.socket.close(linger)
      await bench.closed(one)
      await bench.quiet()

      expect(one.witness.count(CLOSED)).toBe(1)
      other.socket.reset()
      await bench.closed(other)
    },
  )

  it.each([
    ['with a linger', (socket: DriverSocket) => socket.close(true)],
    ['at once', (socket: DriverSocket) => socket.close(false)],
    ['by a reset', (socket: DriverSocket) => socket.reset()],
  ])('throws a ConnectionResetError at a write to a socket that is over: %s', async (_way, end) => {
    const { one, other } = await bench.pair()
    end(one.socket)
    end(other.socket)
    await bench.closed(one, other)

    for (const { socket } of [one, other]) {
      expect(() => socket.write(Buffer.from('too late'))).toThrow(ConnectionResetError)
    }
  })

  it('throws a ConnectionResetError at a read from a socket that was reset', async () => {
    const { one, other } = await bench.pair()
    one.socket.reset()
    other.socket.reset()
    await bench.closed(one, other)

    for (const { socket } of [one, other]) expect(() => socket.read(1)).toThrow(ConnectionResetError)
  })

  it('says CLOSED once after an error, too', async () => {
    const { one, other } = await bench.pair()
    other.socket.read(1)
    one.socket.reset()
    await bench.failure(other)

    other.socket.close(true)
    await bench.closed(one, other)
    await bench.quiet()

    expect(other.witness.count(CLOSED)).toBe(1)
  })

  it('leaves no descriptor, whatever has happened to a hundred connections', async () => {
    const before = sample.descriptors()
    const random = randomNumbers(11)

    for (let i = 0; i < 100; i++) {
      const { one, other } = await bench.pair()
      if (random(2) === 0) one.socket.write(Buffer.from('left unread'))
      if (random(2) === 0) other.socket.read(1)
      if (random(2) === 0) other.socket.shutdown()
      one.socket.close(random(2) === 0)
      other.socket.close(random(2) === 0)
      await bench.closed(one, other)
    }

    await bench.until('the descriptors are back', () => sample.descriptors() === before)
  })
}
