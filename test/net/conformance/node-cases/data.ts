// Node's cases of data: all bytes arrive, unchanged and in order, at any pace of reading.
import type { Connection } from '@bluelet/net'
import { type Coroutine, Latch, sleep } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { pattern } from '../../world.js'
import type { ConformanceHarness } from '../harness.js'
import { outcome, refusal } from '../log.js'

const KIB = 1024
const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

export function dataCases(harness: ConformanceHarness): void {
  it('throttle: a reader that stops makes the sender wait, and gets all bytes when it continues', async () => {
    const { plenty } = harness
    let sent = false

    const log = await harness.talk({
      *client({ conn, note }) {
        const first = yield* conn.readexactly(1000)
        // Long enough to read all of it ahead, if reading ahead were not bounded.
        for (let i = 0; i < 10 && !sent; i++) yield* harness.quiet()
        note(`sent: ${sent}`)
        const rest = yield* conn.readall(UNLIMITED)
        note(`the same: ${first.equals(plenty.subarray(0, 1000)) && rest.equals(plenty.subarray(1000))}`)
        note(`sent: ${sent}`)
      },
      *server({ conn }) {
        yield* conn.sendall(plenty)
        sent = true
        conn.shutdown()
      },
    })

    expect(log.sides.client).toEqual(['sent: false', 'the same: true', 'sent: true'])
  })

  it('pause: a reader that pauses at times loses no byte', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i}\n`)

    const log = await harness.talk({
      *client({ conn, note }) {
        for (let stop = 0; stop < 4; stop++) {
          const read: string[] = []
          while (read.length < 50) read.push(String(yield* conn.readline()))
          note(`lines: ${read[0]?.trim()} to ${read[49]?.trim()}`)
          yield* harness.quiet()
        }
        note(`recv: ${yield* outcome(conn.recv())}`)
      },
      *server({ conn }) {
        for (const line of lines) yield* conn.sendall(line)
        conn.shutdown()
      },
    })

    expect(log.sides.client).toEqual([
      'lines: line 0 to line 49',
      'lines: line 50 to line 99',
      'lines: line 100 to line 149',
      'lines: line 150 to line 199',
      'recv: end',
    ])
  })

  it('pingpong: each ping gets its pong, and the pongs end after the pings', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        let pongs = 0
        for (; pongs < 100; pongs++) {
          yield* conn.sendall('PING')
          if (String(yield* conn.readexactly(4)) !== 'PONG') break
        }
        note(`pongs: ${pongs}`)
        conn.shutdown()
        yield* record('recv', conn.recv())
      },
      *server({ conn, note }) {
        let pings = 0
        for (; (yield* outcome(conn.readexactly(4))) === 'PING'; pings++) yield* conn.sendall('PONG')
        note(`pings: ${pings}`)
        conn.shutdown()
      },
    })

    expect(log.lines).toEqual(['client: pongs: 100', 'server: pings: 100', 'client: recv: end'])
  })

  it('pingpong-delay: slow replies reach the right requests', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        for (const word of ['one', 'two', 'three']) {
          yield* conn.sendall(`${word}\n`)
          yield* record('received', conn.readline('!'))
        }
        conn.shutdown()
      },
      *server({ conn, note }) {
        for (let word = ''; word !== 'end'; ) {
          word = (yield* outcome(conn.readline())).trim()
          note(word)
          yield* sleep(1)
          if (word !== 'end') yield* conn.sendall(`${word}!`)
        }
      },
    })

    expect(log.lines).toEqual([
      'server: one',
      'client: received: one!',
      'server: two',
      'client: received: two!',
      'server: three',
      'client: received: three!',
      'server: end',
    ])
  })

  it('large-string: a long text arrives as its UTF-8, character by character', async () => {
    const text = 'あ'.repeat(40 * KIB)

    const log = await harness.talk({
      *client({ conn }) {
        yield* conn.sendall(text)
        conn.shutdown()
      },
      *server({ conn, note }) {
        const received = yield* conn.readall(UNLIMITED)
        note(`${received.length} bytes, the same: ${received.toString() === text}`)
      },
    })

    expect(log.lines).toEqual([`server: ${3 * 40 * KIB} bytes, the same: true`])
  })

  it('binary: every byte comes back as itself', async () => {
    const log = await harness.talk({
      *client({ conn, note }) {
        const wrong: number[] = []
        for (let byte = 0; byte < 256; byte++) {
          yield* conn.sendall(Uint8Array.of(byte))
          if ((yield* conn.readexactly(1))[0] !== byte) wrong.push(byte)
        }
        note(`wrong: ${wrong}`)
        conn.shutdown()
      },
      server: ({ conn }) => echo(conn),
    })

    expect(log.lines).toEqual(['client: wrong: '])
  })

  it('write-slow: many writes to a reader of small pieces arrive complete and in order', async () => {
    const block = pattern(200_000)

    const log = await harness.talk({
      *client({ conn, note }) {
        const pieces: Buffer[] = []
        for (let piece = yield* conn.recv(5000); piece.length > 0; piece = yield* conn.recv(5000)) {
          pieces.push(piece)
          if (pieces.length % 100 === 0) yield* sleep(1)
        }
        note(`the same: ${Buffer.concat(pieces).equals(Buffer.concat(new Array(10).fill(block)))}`)
      },
      *server({ conn, note }) {
        for (let i = 0; i < 10; i++) yield* conn.sendall(block)
        note('sent')
        conn.shutdown()
      },
    })

    expect(log.sides).toEqual({ client: ['the same: true'], server: ['sent'] })
  })

  it('write-callbacks: each of thousands of sends finishes once, in order', async () => {
    const count = 5000
    const done: number[] = []

    const log = await harness.talk({
      *client({ conn, note }) {
        note(`${(yield* conn.readall(UNLIMITED)).length} bytes`)
      },
      *server({ conn }) {
        for (let i = 0; i < count; i++) {
          yield* conn.sendall('hello')
          done.push(i)
        }
        conn.shutdown()
      },
    })

    expect(log.lines).toEqual([`client: ${5 * count} bytes`])
    expect(done).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  it('write-connect-write: bytes sent before the accept arrive before bytes sent after it', async () => {
    const sent = new Latch()
    const accepted = new Latch()

    const log = await harness.meet({
      *client({ connect }) {
        using conn = yield* connect()
        yield* conn.sendall('before ')
        sent.open()
        yield* accepted.wait()
        yield* conn.sendall('after')
      },
      *server({ listener, record }) {
        yield* sent.wait()
        using conn = yield* listener.accept()
        accepted.open()
        yield* record('received', conn.readall())
      },
    })

    expect(log.lines).toEqual(['server: received: before after'])
  })

  it('write-arguments: bytes and text can be sent, and nothing else', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        for (const data of [null, undefined, true, 1, {}, [1], () => {}, Symbol.iterator])
          note(`${typeof data}: ${refusal(() => conn.sendall(data as unknown as string))}`)
        for (const data of ['text ', Buffer.from('buffer '), new TextEncoder().encode('array'), ''])
          yield* record('sendall', conn.sendall(data))
        conn.shutdown()
      },
      *server({ conn, record }) {
        yield* record('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: [
        ...['object', 'undefined', 'boolean', 'number', 'object', 'object', 'function', 'symbol'].map(
          (type) => `${type}: TypeError`,
        ),
        ...new Array(4).fill('sendall: done'),
      ],
      server: ['received: text buffer array'],
    })
  })

  it('write-fully-async-buffer: a buffer that is reused for every send arrives as it was at each send', async () => {
    const rounds = 500

    const log = await harness.talk({
      *client({ conn }) {
        const buffer = Buffer.alloc(KIB)
        for (let i = 0; i < rounds; i++) {
          buffer.fill(i % 251)
          yield* conn.sendall(buffer)
        }
        conn.shutdown()
      },
      *server({ conn, note }) {
        let wrong = 0
        for (let i = 0; i < rounds; i++) {
          const block = yield* conn.readexactly(KIB)
          if (!block.equals(Buffer.alloc(KIB, i % 251))) wrong++
        }
        note(`wrong: ${wrong}`)
      },
    })

    expect(log.lines).toEqual(['server: wrong: 0'])
  })

  it('GH-5504: a large transfer to a peer that has left ends with a reset, and then reads do not give the end', async () => {
    const log = await harness.talk({
      *client({ conn }) {
        conn.abort()
      },
      *server({ conn, record }) {
        yield* record('sendall', conn.sendall(harness.plenty))
        yield* record('recv', conn.recv())
      },
    })

    expect(log.sides.server).toEqual(['sendall: ConnectionResetError', 'recv: ConnectionResetError'])
  })
}

function* echo(conn: Connection): Coroutine<void> {
  for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv()) yield* conn.sendall(data)
}
