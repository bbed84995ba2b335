// A fast sender and a slow reader: the sender waits, so memory does not fill up. Run it:
//
//   node --import tsx examples/learn/15-back-pressure.ts

import { type Connection, connect, server } from '@bluelet/net'
import { type Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, Latch, sleep, spawn } from '@bluelet/scheduler'

const block = Buffer.alloc(20_000)

function* main(world: Simulation): Coroutine<void> {
  const say = (what: string) => console.log(`${world.now() / 1000} s: ${what}`)

  function* sender(conn: Connection) {
    for (let n = 1; n <= 6; n++) {
      yield conn.sendall(block)
      say(`block ${n} is on its way`)
    }
  }

  const listening = new Latch()
  yield spawn(server('', 4915, sender, { onListening: () => listening.open() }))
  yield listening.wait()

  const conn: Connection = yield connect('localhost', 4915)
  for (let n = 1; n <= 6; n++) {
    yield sleep(1000)
    yield conn.readexactly(20_000)
    say(`          block ${n} has been read`)
  }
  conn.close()
}

await simulate(main, { latency: 0, buffer: 20_000 })
