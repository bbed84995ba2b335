// A server with a time limit, on a network in memory and in virtual time: five seconds pass at once. Run it:
//
//   node --import tsx examples/learn/14-timeout.ts

import { type Connection, connect, server } from '@bluelet/net'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, Latch, sleep, spawn, TimeoutError, timeout } from '@bluelet/scheduler'

function* readName(conn: Connection): Coroutine<string> {
  const first: Buffer = yield conn.readline()
  const last: Buffer = yield conn.readline()
  return `${first.toString().trim()} ${last.toString().trim()}`
}

function* greeter(conn: Connection) {
  try {
    const name: string = yield timeout(5000, readName(conn))
    yield conn.sendall(`Hello, ${name}!`)
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    yield conn.sendall('Too late.')
  }
}

function* client(world: Simulation, first: string, last: string, ms: number): Coroutine<void> {
  const conn: Connection = yield connect('localhost', 4915)
  yield conn.sendall(`${first}\n`)
  yield sleep(ms)
  yield conn.sendall(`${last}\n`)
  const reply: Buffer = yield conn.readall()
  console.log(`${world.now()} ms: ${first} reads: ${reply}`)
  conn.close()
}

function* main(world: Simulation): Coroutine<void> {
  const listening = new Latch()
  yield spawn(server('', 4915, greeter, { onListening: () => listening.open() }))
  yield listening.wait()
  yield spawn(client(world, 'Ada', 'Lovelace', 1000))
  yield spawn(client(world, 'Alan', 'Turing', 4999))
  yield spawn(client(world, 'Konrad', 'Zuse', 6000))
}

await simulate(main, { latency: 0 })
