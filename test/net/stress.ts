// Many connections at once: every byte is verified, and nothing is left at the end. A failing test
// prints its seed; set SEED to repeat it.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { type Connection, connect, server } from '@bluelet/net'
import {
  type Coroutine,
  join,
  kill,
  Latch,
  pause,
  Scheduler,
  Semaphore,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { describe, expect, it, onTestFailed, onTestFinished } from 'vitest'
import { until } from '../support/deadline.js'
import { openSockets } from '../support/leaks.js'
import { randomNumbers } from '../support/random.js'
import { echoer } from './simulated-pair.js'
import { LOOPBACK } from './world.js'

const MAX_MS = 60_000

/** A run that hangs is cancelled before the runner's timeout, and so reports where it hangs. */
const PATIENCE_MS = 50_000

/** Both ends of a connection take a descriptor of this process. */
const MAX_CONNECTIONS = Math.floor((descriptorLimit() - 200) / 2)

/**
 * The number of pending connects, which is below the backlog. Beyond the backlog the kernel answers
 * with SYN cookies, and resets some connections that it has lost track of.
 */
const AT_ONCE = 200

const MAX_BYTES = 30_000

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

/** The result of a client. */
interface Result {
  readonly sent: number
  readonly received: number
  readonly same: boolean
}

/**
 * The random pieces that a client sends, and the sizes of its reads, the same for the same number.
 */
function* piecesOf(client: number): Generator<Buffer> {
  const random = randomNumbers(seed * MAX_CONNECTIONS + client)
  let left = random(MAX_BYTES)
  while (left > 0) {
    const piece = Buffer.allocUnsafe(Math.min(left, 1 + random(random(2) === 0 ? 100 : 10_000)))
    for (let i = 0; i < piece.length; i++) piece[i] = random(256)
    left -= piece.length
    yield piece
  }
}

/** Connects, waits until all clients have, and then sends and receives at the same time. */
function* client(
  number: number,
  port: number,
  places: Semaphore,
  begin: Latch,
  connected: () => void,
): Coroutine<Result> {
  yield* places.acquire()
  const conn = yield* connect(LOOPBACK, port, { timeout: PATIENCE_MS })
  places.release()
  try {
    connected()
    yield* begin.wait()
    const writer = yield* spawn(writing, conn, number)
    const [received, hash] = yield* reading(conn, number)
    const [sent, expected] = yield* join(writer)
    return { sent, received, same: hash === expected }
  } finally {
    conn.close()
  }
}

function* writing(conn: Connection, number: number): Coroutine<readonly [number, string]> {
  const hash = createHash('sha1')
  let sent = 0
  for (const piece of piecesOf(number)) {
    hash.update(piece)
    yield* conn.sendall(piece)
    sent += piece.length
  }
  conn.shutdown()
  return [sent, hash.digest('hex')]
}

function* reading(conn: Connection, number: number): Coroutine<readonly [number, string]> {
  const random = randomNumbers(seed + number)
  const hash = createHash('sha1')
  let received = 0
  while (true) {
    const data = yield* conn.recv(1 + random(5000))
    if (!data.length) return [received, hash.digest('hex')]
    hash.update(data)
    received += data.length
  }
}

/** The same with node:net. */
async function rawClient(number: number, socket: net.Socket): Promise<Result> {
  const [sentHash, receivedHash] = [createHash('sha1'), createHash('sha1')]
  let sent = 0
  let received = 0
  socket.on('data', (data) => {
    receivedHash.update(data)
    received += data.length
  })
  const closed = once(socket, 'close')
  closed.catch(() => {}) // It is awaited below, or in a race with a drain.
  for (const piece of piecesOf(number)) {
    sentHash.update(piece)
    sent += piece.length
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed])
  }
  socket.end()
  await closed
  return { sent, received, same: sentHash.digest('hex') === receivedHash.digest('hex') }
}

/** Runs an echo server beside a coroutine that gets its port. Nothing may remain of either. */
async function besideServer<T>(use: (port: number, scheduler: Scheduler) => Coroutine<T>): Promise<T> {
  const scheduler = new Scheduler()
  const errors: unknown[] = []
  const result = await scheduler.run(
    function* () {
      let listening: (port: number) => void = () => {}
      const port = new Promise<number>((resolve) => {
        listening = resolve
      })
      const serving: Task = yield* spawn(
        server(LOOPBACK, 0, echoer, {
          onListening: ({ address }) => listening(address.port),
          onError: (error) => errors.push(error),
        }),
      )
      const result = yield* use((yield port) as number, scheduler)
      // Handlers may see the end of a connection in a later turn than clients.
      yield until('the handlers have ended', () => scheduler.snapshot().length === 2)
      yield* kill(serving)
      return result
    },
    { signal: AbortSignal.timeout(PATIENCE_MS) },
  )
  expect(errors).toEqual([])
  expect(scheduler.snapshot()).toEqual([])
  return result
}

function verify(results: readonly Result[], connections: number): void {
  const wrong = results.filter(({ sent, received, same }) => sent !== received || !same)
  expect(wrong).toEqual([])
  expect(results.length).toBe(connections)
}

/** Describes the tests, with so many connections, if the process may have them. */
export function stressTests(count: number): void {
  const connections = Math.min(count, MAX_CONNECTIONS)

  describe(`an echo server with ${connections} connections at once`, { timeout: MAX_MS }, () => {
    it('gives every client its bytes, and leaves nothing', async () => {
      onTestFailed(() => console.log(`the seed was ${seed}`))
      const before = openSockets()
      let most = 0

      const results = await besideServer(function* (port) {
        const places = new Semaphore(AT_ONCE)
        const begin = new Latch()
        let connected = 0
        const ready = () => {
          if (++connected < connections) return
          most = openSockets()
          begin.open()
        }
        const tasks: Task<Result>[] = []
        for (let i = 0; i < connections; i++) tasks.push(yield* spawn(client, i, port, places, begin, ready))
        const results: Result[] = []
        for (const task of tasks) results.push(yield* join(task))
        return results
      })

      verify(results, connections)
      expect(most).toBeGreaterThanOrEqual(before + connections)
      await until('no more sockets than before', () => openSockets() <= before)
    })

    it('gives every raw client its bytes, and leaves nothing', async () => {
      onTestFailed(() => console.log(`the seed was ${seed}`))
      const before = openSockets()
      const sockets: net.Socket[] = []
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy()
      })
      let most = 0

      const results = await besideServer(function* (port) {
        while (sockets.length < connections) {
          const some = Array.from({ length: Math.min(AT_ONCE, connections - sockets.length) }, (_, i) =>
            // Several addresses, since each has a limited number of ports.
            net.connect({ host: LOOPBACK, port, localAddress: `127.0.0.${1 + (i % 9)}` }),
          )
          sockets.push(...some)
          yield Promise.all(some.map((socket) => once(socket, 'connect')))
        }
        most = openSockets()
        return (yield Promise.all(sockets.map((socket, i) => rawClient(i, socket)))) as Result[]
      })

      verify(results, connections)
      expect(most).toBeGreaterThanOrEqual(before + connections)
      await until('no more sockets than before', () => openSockets() <= before)
    })
  })

  describe('a server beside a thousand busy tasks', { timeout: MAX_MS }, () => {
    it('admits every client of a burst', async () => {
      const clients = Math.min(400, connections)

      const replies = await besideServer(function* (port) {
        let done = false
        for (let i = 0; i < 1000; i++) yield* spawn(spinning, () => done)
        const sockets = Array.from({ length: clients }, () => net.connect({ host: LOOPBACK, port }))
        const replies: number[] = yield Promise.all(sockets.map(replyTo))
        done = true
        return replies
      })

      expect(replies).toEqual(Array.from({ length: clients }, () => 1))
    })
  })
}

function* spinning(done: () => boolean): Coroutine<void> {
  while (!done()) yield* pause()
}

/** The number of bytes in the reply to one byte; -1 if the connection fails. */
async function replyTo(socket: net.Socket): Promise<number> {
  let length = 0
  socket.on('data', (data) => {
    length += data.length
  })
  socket.on('error', () => {
    length = -1
  })
  const closed = once(socket, 'close')
  socket.end('x')
  await closed.catch(() => {})
  return length
}

/** The limit of descriptors of this process. */
function descriptorLimit(): number {
  const { open_files: limit } = (process.report?.getReport() as any)?.userLimits ?? {}
  return typeof limit?.hard === 'number' ? limit.hard : 20_000
}
