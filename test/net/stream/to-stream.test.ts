// Promise 10 of the network: a connection as a stream of Node, for libraries that want one.
import { once } from 'node:events'
import http from 'node:http'
import { type Duplex, PassThrough, pipeline as pipelineWithCallback, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import {
  BusyError,
  type Connection,
  connect,
  listen,
  type ServerOptions,
  type SessionSummary,
  toStream,
} from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, type Coroutine, kill, race, run, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { turn } from '../../support/deadline.js'
import { WORLDS } from '../server/each-driver.js'
import { fateOf, serve } from '../serving.js'
import { errorOf, LOOPBACK, MIB, pattern } from '../world.js'
import { nodeTurns } from './streams.js'

/** Two connected ends. */
interface Ends {
  readonly one: Connection
  readonly other: Connection
}

describe.each(WORLDS)('toStream on %s', ({ driver, play }) => {
  /** Runs a scenario with two connected ends, and closes both. */
  function between<T>(main: (ends: Ends) => Coroutine<T>): Promise<T> {
    return play(function* () {
      const listener = yield* listen(LOOPBACK, 0, driver)
      const [one, other] = yield* all([connect(LOOPBACK, listener.address.port, driver), listener.accept()])
      listener.close()
      try {
        return yield* main({ one, other })
      } finally {
        one.close()
        other.close()
      }
    })
  }

  it('gives and takes bytes, and ends each direction by itself', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      stream.write('hel')
      stream.end('lo')
      const received = String(yield* other.readall())
      yield* other.sendall('a reply after the end')
      other.shutdown()
      const reply: string = yield text(stream)
      yield closed(stream)
      return [received, reply, one.closed]
    })

    expect(seen).toEqual(['hello', 'a reply after the end', true])
  })

  it('sends at once what was written at once', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      stream.cork()
      for (const piece of ['one ', 'two ', 'three']) stream.write(piece)
      stream.uncork()
      const seen = String(yield* other.recv())
      stream.destroy()
      return seen
    })

    expect(seen).toBe('one two three')
  })

  it('echoes in a pipeline, as much as you like', async () => {
    const bytes = pattern(MIB)
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(other)
      const echoing = pipeline(stream, new PassThrough(), stream)
      const sending = yield* spawn(function* () {
        yield* one.sendall(bytes)
        one.shutdown()
      })
      const echo = yield* one.readall({ limit: MIB })
      yield* sending
      yield echoing
      return echo.equals(bytes)
    })

    expect(seen).toBe(true)
  })

  it('holds back both sides: the peer that sends, and the library that writes', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      const sending = yield* spawn(errorOf, other.sendall(Buffer.alloc(64 * MIB)))
      yield* sleep(50)
      yield* nodeTurns()
      const read = [stream.readableLength <= 131_072, sending.outcome]
      let written = 0
      do written += MIB
      while (stream.write(Buffer.alloc(MIB)))
      const waits = stream.writableNeedDrain
      stream.destroy(new Error('enough')).on('error', () => {})
      yield* kill(sending)
      return [...read, written < 64 * MIB, waits]
    })

    expect(seen).toEqual([true, undefined, true, true])
  })

  it('says that it can take more once the peer has taken it', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      const length = 12 * MIB
      const full = !stream.write(Buffer.alloc(length))
      const drained = full ? once(stream, 'drain') : undefined
      const received = yield* other.readexactly(length, { limit: length })
      if (drained !== undefined) yield drained
      stream.destroy()
      return received.length === length
    })

    expect(seen).toBe(true)
  })

  it('keeps tasks from its connection', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      const errors = [
        yield* errorOf(one.recv()),
        yield* errorOf(one.sendall('x')),
        yield* errorOf(one.peek()),
      ]
      expect(() => toStream(one)).toThrow('it has a stream already')
      stream.on('data', () => {})
      yield* nodeTurns()
      errors.push(yield* errorOf(one.readline()))
      const reading = yield* spawn(errorOf, other.recv())
      yield* sleep(1)
      expect(() => toStream(other)).toThrow(BusyError)
      yield* kill(reading)
      stream.destroy()
      return errors
    })

    for (const error of seen) expect(error).toBeInstanceOf(BusyError)
    expect(seen[0].message).toBe('recv(65536): the connection belongs to its stream (toStream)')
    expect(seen[1].message).toBe('sendall(1 bytes): the connection belongs to its stream (toStream)')
  })

  it('is closed by destroy(), and reset by destroy(error)', async () => {
    const seen = await between(function* ({ one, other }) {
      const [peer, reset] = [toStream(one), toStream(other)]
      const error = new Error('broken')
      const errors: unknown[] = []
      reset.on('error', (thrown) => errors.push(thrown))
      const failed = once(peer, 'error')
      reset.destroy(error)
      yield closed(reset)
      const [met] = yield failed
      return [errors[0] === error, met.name, one.closed]
    })
    const orderly = await between(function* ({ one, other }) {
      const stream = toStream(one)
      const fate = yield* spawn(fateOf, other)
      stream.destroy()
      const seen = yield* fate
      yield closed(stream)
      return seen
    })

    expect(seen).toEqual([true, 'ConnectionResetError', true])
    expect(orderly).toBe('|end')
  })

  it('fails with the reset of its peer, after the bytes that came before', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      yield* other.sendall('half')
      yield* sleep(20)
      const received: string[] = []
      stream.on('data', (data) => received.push(`${data}`))
      yield once(stream, 'data')
      other.abort()
      const [error] = yield once(stream, 'error')
      yield closed(stream)
      return [received.join(''), error.name, stream.destroyed, one.closed]
    })

    expect(seen).toEqual(['half', 'ConnectionResetError', true, true])
  })

  it('fails with the reset of its peer although no library reads it yet', async () => {
    const seen = await between(function* ({ one, other }) {
      const failed = once(toStream(one), 'error')
      yield* sleep(20)
      other.abort()
      const [error] = yield failed
      return error.name
    })

    expect(seen).toBe('ConnectionResetError')
  })

  it('reports a send that fails to its writer', async () => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      const failed = once(stream, 'error')
      stream.write(Buffer.alloc(64 * MIB))
      yield* sleep(20)
      other.abort()
      const [error] = yield failed
      return error.name
    })

    expect(seen).toBe('ConnectionResetError')
  })

  it.each(['paused', 'flowing'])('is destroyed when its connection is closed here: %s', async (mode) => {
    const seen = await between(function* ({ one, other }) {
      const stream = toStream(one)
      const errors: unknown[] = []
      stream.on('error', (error) => errors.push(error))
      if (mode === 'flowing') stream.resume()
      yield* nodeTurns()
      one.close()
      other.close()
      yield closed(stream)
      return [stream.destroyed, errors]
    })

    expect(seen).toEqual([true, []])
  })

  it('is destroyed at once if its connection is closed already, and fails if it has failed', async () => {
    const seen = await between(function* ({ one, other }) {
      other.abort()
      yield* errorOf(one.recv())
      const failed = toStream(one)
      const [error] = yield once(failed, 'error')
      const closing = toStream(other)
      yield closed(closing)
      return [error.name, error.cause.name, closing.destroyed, closing.errored]
    })

    expect(seen).toEqual(['ClosedError', 'ConnectionResetError', true, null])
  })

  it('gives an error for end() after the connection is closed', async () => {
    const seen = await between(function* ({ one }) {
      const stream = toStream(one)
      one.abort()
      const failure = new Promise((resolve) => stream.end('x', resolve as () => void))
      return yield failure
    })

    expect(seen).toMatchObject({ code: 'ERR_STREAM_DESTROYED' })
  })

  it('has the addresses of a socket', async () => {
    await between(function* ({ one, other }) {
      const stream = toStream(one)
      expect([stream.remoteAddress, stream.localAddress]).toEqual([LOOPBACK, LOOPBACK])
      expect([stream.remotePort, stream.localPort]).toEqual([
        other.localAddress?.port,
        other.remoteAddress?.port,
      ])
      stream.destroy()
      yield* sleep(0)
    })
  })

  it('serves with node:http, more than once on a connection', async () => {
    const replies = await between(function* ({ one, other }) {
      webServer().emit('connection', toStream(other))
      const replies: string[] = []
      for (const body of ['hello', 'again']) {
        yield* one.sendall(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n${body}`)
        const head = String(yield* one.readuntil('\r\n\r\n'))
        yield* one.readline()
        replies.push(/from: (.*)\r/.exec(head)?.[1] ?? '', String(yield* one.readexactly(5)))
        yield* one.readuntil('0\r\n\r\n')
      }
      return replies
    })

    expect(replies).toEqual([LOOPBACK, 'hello', LOOPBACK, 'again'])
  })

  it('requests with node:http, at both ends, with a body of any size', async () => {
    const length = await between(function* ({ one, other }) {
      webServer().emit('connection', toStream(other))
      const sent = http.request({ createConnection: () => toStream(one), method: 'POST', host: LOOPBACK })
      sent.end('x'.repeat(MIB))
      const [response]: [http.IncomingMessage] = yield once(sent, 'response')
      const body: string = yield text(response)
      return body.length
    })

    expect(length).toBe(MIB)
  })

  it('carries node:tls, at both ends', async () => {
    const identity = 'client'
    const psk = Buffer.from('0123456789abcdef')
    const common = { ciphers: 'PSK', maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const
    const seen = await between(function* ({ one, other }) {
      // Without certificates: both know a key.
      const context = tls.createSecureContext(common)
      const server = new tls.TLSSocket(toStream(other), {
        isServer: true,
        secureContext: context,
        pskCallback: () => psk,
      } as tls.TLSSocketOptions)
      const client = tls.connect({
        ...common,
        socket: toStream(one),
        checkServerIdentity: () => undefined,
        pskCallback: () => ({ psk, identity }),
      } as tls.ConnectionOptions)
      server.pipe(server)
      const bytes = pattern(MIB)
      client.end(bytes)
      const chunks: Buffer[] = []
      client.on('data', (chunk) => chunks.push(chunk))
      yield once(client, 'end')
      return Buffer.concat(chunks).equals(bytes)
    })

    expect(seen).toBe(true)
  })
})

/** Sends back what it gets. */
function webServer(): http.Server {
  return http.createServer((request, response) => {
    request.pipe(response.writeHead(200, { from: request.socket.remoteAddress }))
  })
}

/** Resolves when a stream is closed, with or without an error. */
function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve()
    else stream.once('close', resolve)
  })
}

describe('toStream', () => {
  it('holds the run of its connection open until it is closed', async () => {
    const order: string[] = []
    let stream: Duplex | undefined
    const running = run(function* () {
      const listener = yield* listen(LOOPBACK, 0)
      const [one, other] = yield* all([connect(LOOPBACK, listener.address.port), listener.accept()])
      listener.close()
      stream = toStream(one)
      other.close()
    }).then(() => order.push('run'))

    while (stream === undefined) await turn()
    for (let i = 0; i < 20; i++) await turn()
    order.push('waited')
    stream.on('close', () => order.push('close')).destroy()
    await running
    await turn()

    expect(order).toEqual(['waited', 'close', 'run'])
  })

  it('refuses what is no connection, and an environment without streams', async () => {
    expect(() => toStream({} as Connection)).toThrow('toStream(conn): expected a connection, got an object')

    await simulate(function* () {
      const listener = yield* listen('', 1)
      const conn = yield* connect('localhost', 1)
      const { getBuiltinModule } = process
      try {
        process.getBuiltinModule = (() => undefined) as never
        expect(() => toStream(conn)).toThrow("Node's module 'node:stream' is not available here")
      } finally {
        process.getBuiltinModule = getBuiltinModule
      }
      conn.abort()
      listener.close()
    })
  })
})

describe('a session whose connection is a stream', () => {
  /** Serves one client with a stream. */
  function served(
    use: (stream: Duplex) => void,
    client: (conn: Connection) => Coroutine<unknown>,
    options: ServerOptions = {},
  ): Promise<{ reasons: unknown[]; closed: SessionSummary[]; errors: unknown[] }> {
    return simulate(
      function* () {
        const closed: SessionSummary[] = []
        const { port, drops, errors, task } = yield* serve(
          function* (conn) {
            use(toStream(conn).on('error', () => {}))
            yield* conn.whenClosed()
          },
          { onClose: (_conn, summary) => closed.push(summary), ...options },
        )
        yield* client(yield* connect(LOOPBACK, port))
        yield* kill(task)
        return { reasons: drops.map(([reason]) => reason), closed, errors }
      },
      { buffer: 1024 },
    )
  }

  const speak = function* (conn: Connection) {
    yield* conn.sendall('some')
    yield* race([fateOf(conn), sleep(5000)])
    conn.abort()
  }

  it('is idle while the stream reads and has nothing to send', async () => {
    const { reasons, closed } = await served((stream) => stream.resume(), speak, { idleTimeout: 1000 })

    expect(reasons).toEqual(['idle'])
    expect(closed[0]?.ms).toBeLessThan(1500)
  })

  it('is not idle while the stream has more than its library reads', async () => {
    const flood = function* (conn: Connection) {
      yield* race([conn.sendall(Buffer.alloc(200_000)), sleep(5000)])
      conn.abort()
    }
    const { reasons } = await served(() => {}, flood, { idleTimeout: 1000, stallTimeout: 1000 })

    expect(reasons).not.toContain('idle')
  })

  it('is disconnected when its client takes nothing', async () => {
    const { reasons, errors } = await served(
      (stream) => stream.end(Buffer.alloc(100_000)),
      function* (conn) {
        yield* sleep(5000)
        conn.abort()
      },
      { stallTimeout: 1000 },
    )

    expect(reasons).toEqual(['stall'])
    expect(errors).toEqual([])
  })

  it('counts the bytes of the stream', async () => {
    const { closed } = await served(
      (stream) => pipelineWithCallback(stream, stream, () => {}),
      function* (conn) {
        yield* conn.sendall('some bytes')
        conn.shutdown()
        yield* fateOf(conn)
      },
    )

    expect(closed).toEqual([expect.objectContaining({ bytesRead: 10, bytesWritten: 10 })])
  })

  it('ends the stream with the server', async () => {
    let stream: Duplex | undefined
    await served(
      (made) => {
        stream = made
        made.pipe(new Writable({ write: (_chunk, _encoding, done) => done() }))
      },
      function* () {
        yield* sleep(10)
      },
    )

    expect(stream?.destroyed).toBe(true)
  })
})
