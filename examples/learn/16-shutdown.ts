// The end of a server: it refuses new clients, finishes replies, and kills handlers that take too long. Run it:
//
//   node --import tsx examples/learn/16-shutdown.ts

import { type Connection, connect, server } from '@bluelet/net'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, Latch, sleep, spawn } from '@bluelet/scheduler'

function* main(world: Simulation): Coroutine<void> {
  const say = (what: string) => console.log(`${Math.round(world.now() / 1000)} s: ${what}`)

  function* worker(conn: Connection) {
    const seconds: Buffer = yield conn.readline()
    try {
      yield sleep(Number(seconds) * 1000)
      yield conn.sendall('done')
    } finally {
      say(`the handler of ${Number(seconds)} s has cleaned up`)
    }
  }

  function* client(seconds: number): Coroutine<void> {
    try {
      const conn: Connection = yield connect('localhost', 4915)
      yield conn.sendall(`${seconds}\n`)
      const reply: Buffer = yield conn.readall()
      say(`the client of ${seconds} s reads: '${reply}'`)
      conn.close()
    } catch (error) {
      say(`the client of ${seconds} s: ${(error as Error).message}`)
    }
  }

  const closing = new AbortController()
  const listening = new Latch()
  const options = { onListening: () => listening.open(), signal: closing.signal, grace: 5000 }
  const serving = yield* spawn(server('', 4915, worker, options))
  yield listening.wait()
  yield spawn(client(3))
  yield spawn(client(3600))
  yield sleep(1000)
  say('the server begins to shut down')
  closing.abort()
  yield sleep(1000)
  yield spawn(client(1))
  yield serving
  say('the server has ended')
}

await simulate(main, { latency: 0 })
