// The end of a server by signals, as observed by the process and by its clients.
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd } from './crowd.js'
import { driver } from './driver.js'
import { elapsed, LATE_MS, reachedIn } from './patience.js'
import { LineClient, lineClients } from './pings.js'
import { replyOf } from './reply.js'
import { type ServerProcess, startServer } from './server-process.js'

leavesNothingRunning()

const REQUESTS = 500
const BYTES = 100_000

/**
 * The number of replies that exceed the kernel's buffers, so that their handlers wait for clients
 * that stopped reading.
 */
const SLOW = 20
const SLOW_BYTES = 8_000_000

const BACKLOG = 300

/** A client with a pending request. */
class Request {
  readonly client: LineClient
  readonly #number: number
  readonly #bytes: number

  constructor(client: LineClient, number: number, bytes: number, delayMs: number) {
    this.client = client
    this.#number = number
    this.#bytes = bytes
    client.socket.write(`reply ${bytes} ${delayMs} ${number}\n`)
  }

  /** Whether exactly the reply has arrived, and then an orderly end. */
  async whole(): Promise<boolean> {
    this.client.socket.resume()
    try {
      if ((await this.client.line(20_000)) !== `${this.#bytes}`) return false
      const body = await this.client.bytes(this.#bytes, 20_000)
      await this.client.end(20_000)
      return body === replyOf(this.#bytes, this.#number).toString('latin1') && this.client.rest === ''
    } finally {
      this.client.close()
    }
  }
}

async function requests(server: ServerProcess): Promise<Request[]> {
  const clients = await lineClients(server.port, REQUESTS)
  await reachedIn(15_000, async () => (await server.report()).begun === REQUESTS)
  return clients.map((client, i) => {
    const slow = i < SLOW
    if (slow) client.socket.pause()
    return new Request(client, i, slow ? SLOW_BYTES : BYTES, slow ? 0 : 1500 + i)
  })
}

describe('a server that shuts down', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s finishes every pending reply, and exits with 0',
    async (signal) => {
      const server = await startServer({}, { byShell: true })
      const all = await requests(server)
      await reachedIn(15_000, async () => (await server.report()).replying === REQUESTS)
      const { replying } = await server.report()

      const began = performance.now()
      server.signal(signal)
      await elapsed(100)
      const replies = await Promise.all(all.map((request) => request.whole()))
      await server.ended()
      const ms = Math.round(performance.now() - began)

      const lost = replies.filter((whole) => !whole).length
      record({
        what: `requests under way at ${signal}`,
        tried: REQUESTS,
        failed: lost,
        detail: `replies of ${BYTES} bytes, ${SLOW} of ${SLOW_BYTES} to clients that had stopped reading; lost are those that did not come whole; exit code 0`,
      })
      expect(replying).toBe(REQUESTS)
      expect(lost).toBe(0)
      expect(server.program).toMatchObject({ stdout: 'exit code 0\n', stderr: '' })
      expect(ms).toBeLessThan(10_000)
    },
  )

  it('refuses later clients, cancels handlers that do not end, whose clean-up still sends, and exits with 0', async () => {
    const server = await startServer({ grace: 1000 }, { byShell: true })
    const stuck = await lineClients(server.port, 50)
    expect(await Promise.all(stuck.map((client) => client.ask('stick')))).toEqual(stuck.map(() => 'stuck'))

    const began = performance.now()
    server.signal('SIGTERM')
    await elapsed(500)
    const refused = await LineClient.connect(server.port).catch((error) => error.code)
    const goodbyes = await Promise.all(stuck.map((client) => client.line()))
    const afterMs = Math.round(performance.now() - began)
    for (const client of stuck) client.close()
    await server.ended()

    const lost = goodbyes.filter((goodbye) => goodbye !== 'goodbye').length
    record({
      what: 'handlers that go on after the grace period',
      tried: stuck.length,
      failed: lost,
      detail: 'cancelled; lost are goodbyes that their clean-up sent and that did not arrive; exit code 0',
    })
    expect(refused).toBe('ECONNREFUSED')
    expect(lost).toBe(0)
    expect(afterMs).toBeGreaterThanOrEqual(1000)
    expect(server.program).toMatchObject({ stdout: 'exit code 0\n', stderr: '' })
  })

  it('serves the clients in the backlog, and counts those that it does not serve', async () => {
    const server = await startServer()
    server.signal('SIGSTOP')
    const clients = await lineClients(server.port, BACKLOG)
    const all = clients.map((client, i) => new Request(client, i, BYTES, 0))

    server.signal('SIGTERM')
    server.signal('SIGCONT')
    const replies = await Promise.all(all.map((request) => request.whole()))
    const exit = await server.ended()

    const lost = replies.filter((whole) => !whole).length
    record({
      what: 'clients in the backlog at SIGTERM',
      tried: BACKLOG,
      failed: lost,
      detail: 'connected, and not yet accepted; lost are those that did not get their whole reply',
    })
    expect(exit).toEqual({ code: 0, signal: null })
    expect(lost).toBe(0)
  })

  it('counts the clients above its limit', async () => {
    const server = await startServer({ maxConnections: 10, grace: 2000 })
    const stuck = await lineClients(server.port, 10)
    await Promise.all(stuck.map((client) => client.ask('stick')))
    const sockets = server.sockets().length
    const waiting = await lineClients(server.port, 20)
    const held = Math.min(waiting.length, driver.waiting(511))
    const come = await reachedIn(15_000, () => server.sockets().length === sockets + held)

    server.signal('SIGTERM')
    await Promise.all(waiting.map((client) => client.end()))
    const { counts } = await server.report()
    for (const client of [...stuck, ...waiting]) client.close()
    const exit = await server.ended()

    expect(come).toBe(true)
    expect(counts).toMatchObject({ served: 10, dropped: { queue: 20 } })
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('accounts for clients that arrive while it shuts down', async () => {
    const server = await startServer()
    const crowd = new Crowd(server.port, 4000, { say: 'ping\n', atOnce: 200 })
    await reachedIn(15_000, async () => (await server.report()).begun > 500)

    server.signal('SIGTERM')
    await crowd.connected()
    const exit = await server.ended(15_000)
    const { connected, failed, answered, reset, ended } = await crowd.fates()
    await crowd.kill()

    record({
      what: 'clients that connect all the time, at SIGTERM',
      tried: 4000,
      failed: reset,
      detail: `${answered} answered, ${failed} refused; lost are those that connected and were reset`,
    })
    expect(exit).toEqual({ code: 0, signal: null })
    expect(answered).toBeGreaterThan(500)
    expect(answered + failed + reset).toBe(4000)
    expect(ended).toBe(answered)
    expect(connected).toBeLessThanOrEqual(answered + reset)
    expect(server.program.stderr).toBe('')
  })

  it.each([
    ['SIGTERM', 'stick', 143],
    ['SIGINT', 'stick', 130],
    ['SIGTERM', 'cling', 143],
    ['SIGINT', 'cling', 130],
  ] as const)(
    'on a second %s ends at once, even while a handler that began to %s is running',
    async (signal, verb, code) => {
      const server = await startServer({}, { byShell: true })
      const client = await LineClient.connect(server.port)
      await client.ask(verb)
      server.signal(signal)
      const going = await reachedIn(15_000, async () => !(await connects(server.port)))
      const first = server.program.exit

      const began = performance.now()
      server.signal(signal)
      await server.ended()
      const ms = performance.now() - began
      client.close()

      expect([going, first]).toEqual([true, null])
      expect(server.program).toMatchObject({ stdout: `exit code ${code}\n` })
      expect(ms).toBeLessThan(LATE_MS)
    },
  )

  it('is ended by the system if it does not handle signals', async () => {
    const server = await startServer({ signals: false })
    const client = await LineClient.connect(server.port)
    await client.ask('stick')

    server.signal('SIGTERM')
    const exit = await server.ended()
    client.close()

    expect(exit).toEqual({ code: null, signal: 'SIGTERM' })
  })
})

/** Whether the port still accepts connections. */
function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port })
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
