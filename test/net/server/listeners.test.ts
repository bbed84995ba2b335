// A server with listeners that were opened before.
import { connect, type Listener, listen, server } from '@bluelet/net'
import { kill, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { echoer, exchange } from '../simulated-pair.js'
import { LOOPBACK } from '../world.js'
import { WORLDS } from './each-driver.js'

describe.each(WORLDS)('on %s, a server with listeners', ({ driver, play }) => {
  it('serves all of them under common limits, and closes them when it ends', async () => {
    const seen = await play(function* () {
      const listeners = [yield* listen(LOOPBACK, 0, driver), yield* listen(LOOPBACK, 0, driver)]
      const told: Listener[] = []
      let served = () => 0
      const task = yield* spawn(
        server(listeners, echoer, {
          maxConnections: 3,
          maxConnectionsPerAddress: 9,
          grace: 0,
          onListening(listener, stats) {
            told.push(listener)
            served = () => stats.served
          },
        }),
      )
      const conns = []
      for (let i = 0; i < 4; i++) conns.push(yield* connect(LOOPBACK, listeners[i % 2]!.address.port, driver))
      const replies = []
      for (const conn of conns.slice(0, 3)) replies.push(yield* exchange(conn, 'hello'))
      yield* sleep(50)
      const before = served()
      for (const conn of conns) conn.abort()
      yield* kill(task)
      return { replies, before, told: told.length, closed: listeners.map(({ closed }) => closed) }
    })

    expect(seen).toEqual({ replies: Array(3).fill('hello'), before: 3, told: 2, closed: [true, true] })
  })

  it('serves one, and goes on while another of several is closed', async () => {
    const seen = await play(function* () {
      const [one, other] = [yield* listen(LOOPBACK, 0, driver), yield* listen(LOOPBACK, 0, driver)]
      const { port } = other.address
      const task = yield* spawn(server([one, other], echoer, { grace: 0 }))
      yield* sleep(5)
      one.close()
      const conn = yield* connect(LOOPBACK, port, driver)
      const reply = yield* exchange(conn, 'hello')
      conn.abort()
      yield* kill(task)
      const single = yield* listen(LOOPBACK, 0, driver)
      const again = yield* spawn(server(single, echoer, { grace: 0 }))
      const last = yield* connect(LOOPBACK, single.address.port, driver)
      const second = yield* exchange(last, 'again')
      last.abort()
      yield* kill(again)
      return [reply, second]
    })

    expect(seen).toEqual(['hello', 'again'])
  })
})

describe('server(listeners)', () => {
  it.each([[[]], [['127.0.0.1']], [[null]]])('refuses %j', (listeners) => {
    expect(() => server(listeners as unknown as Listener[], echoer)).toThrow('expected at least one listener')
  })
})
