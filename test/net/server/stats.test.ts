// The counts of a server, and its `onDrop` callback.
import { connect, type ServerOptions } from '@bluelet/net'
import { Simulation, simulate } from '@bluelet/net/testing'
import { kill, run, sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { settled, turn, until } from '../../support/deadline.js'
import { dial, type Peer } from '../../support/peer.js'
import { fateOf, serve, visit } from '../serving.js'
import { echoer, exchange } from '../simulated-pair.js'
import { LOOPBACK, play } from '../world.js'

describe('the counts of a server', () => {
  it('show no open connection when all have ended, in any order', async () => {
    const { open } = await simulate(function* () {
      const { port, counts } = yield* serve(echoer)
      const open: number[] = []
      for (let i = 0; i < 3; i++) {
        const conn = yield* connect(LOOPBACK, port)
        yield* exchange(conn, 'hello')
        conn.close()
        yield* sleep(10)
        open.push(counts.open)
      }
      return { open }
    })

    expect(open).toEqual([0, 0, 0])
  })
  it('show how many connections are open, were served, and have failed', async () => {
    const { seen, failures } = await simulate(function* () {
      const { port, counts, errors } = yield* serve(function* (conn) {
        if (String(yield* conn.recv()) === 'fail') throw new Error('failed')
      })
      const seen: number[][] = []
      const look = () => void seen.push([counts.open, counts.served, counts.failed])
      look()
      const good = yield* connect(LOOPBACK, port)
      const bad = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      look()
      yield* bad.sendall('fail')
      yield* fateOf(bad)
      yield* sleep(10)
      look()
      yield* good.sendall('work')
      yield* fateOf(good)
      yield* sleep(10)
      look()
      return { seen, failures: errors.map(String) }
    })

    expect(seen).toEqual([
      [0, 0, 0],
      [2, 2, 0],
      [1, 2, 1],
      [0, 2, 1],
    ])
    expect(failures).toEqual(['Error: failed'])
  })

  it('include a failure that is printed for lack of an onError', async () => {
    const world = new Simulation()

    const failed = await run(
      function* () {
        const failing = function* () {
          throw new Error('printed')
        }
        const { port, counts } = yield* serve(failing, { onError: undefined } as unknown as ServerOptions)
        yield* visit(port)
        return counts.failed
      },
      { host: world },
    )

    expect(failed).toBe(1)
    expect(world.reports.map(String)).toEqual(['Error: printed'])
  })

  it('do not include a client that has left as a failure', async () => {
    const { failed, errors } = await simulate(function* () {
      const { port, counts, errors } = yield* serve(echoer)
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      conn.abort()
      yield* sleep(10)
      return { failed: counts.failed, errors }
    })

    expect(failed).toBe(0)
    expect(errors).toEqual([])
  })

  it('include connections dropped from a full backlog, which have no address', async () => {
    const { dropped, atTheEnd, drops, waiting } = await play(function* () {
      const { task, port, counts, drops } = yield* serve(echoer, {
        maxConnections: 1,
        backlog: 1,
        driver: 'node',
      })
      const first: Peer = yield dial(port)
      first.read().write('x')
      yield first.until('the echo', () => first.length === 1)
      const peers: Peer[] = []
      // One after the other, since the kernel's own queue is short; a client that finds it full
      // retries after a second.
      for (let i = 0; i < 14; i++) {
        // A reset may arrive before the client has seen that it is connected.
        const [dialled]: PromiseSettledResult<Peer>[] = yield Promise.allSettled([dial(port)])
        if (dialled?.status === 'fulfilled') peers.push(dialled.value.read())
        yield until('it is accepted, or reset', () => i < 8 || counts.dropped.queue === i - 7)
        for (let turns = 0; turns < 5; turns++) yield turn()
      }
      yield settled(() => peers.filter(({ closed }) => closed).length, 50)
      const waiting = peers.filter(({ closed }) => !closed).length
      const dropped = { ...counts.dropped }
      for (const peer of [first, ...peers]) peer.socket.destroy()
      yield* kill(task)
      return { dropped, atTheEnd: counts.dropped.queue, drops, waiting }
    })

    expect(waiting).toBe(8)
    expect(dropped).toEqual({ connections: 0, address: 0, queue: 6 })
    expect(atTheEnd).toBe(6 + waiting)
    expect(drops).toEqual([])
  })

  it('include drops without an onDrop', async () => {
    const { fate, dropped } = await simulate(function* () {
      const { port, counts } = yield* serve(echoer, {
        maxConnections: 1,
        overload: 'close',
        onDrop: undefined,
      } as unknown as ServerOptions)
      const first = yield* connect(LOOPBACK, port)
      const fate = yield* visit(port)
      first.close()
      return { fate, dropped: counts.dropped.connections }
    })

    expect(fate).toBe('|end')
    expect(dropped).toBe(1)
  })
})

describe('an onDrop that throws', () => {
  it('is reported; the client is dropped, and the server goes on', async () => {
    const world = new Simulation()

    const { fates, reply } = await run(
      function* () {
        const { port } = yield* serve(echoer, {
          maxConnections: 1,
          overload: 'close',
          onDrop: (reason) => {
            throw new Error(`onDrop: ${reason}`)
          },
        })
        const first = yield* connect(LOOPBACK, port)
        yield* exchange(first, 'first')
        const fates = [yield* visit(port), yield* visit(port)]
        const reply = yield* exchange(first, 'still')
        first.close()
        return { fates, reply }
      },
      { host: world },
    )

    expect(fates).toEqual(['|end', '|end'])
    expect(reply).toBe('still')
    expect(world.reports.map(String)).toEqual(['Error: onDrop: connections', 'Error: onDrop: connections'])
  })

  it('is reported if it was called for a timeout; the client is still disconnected', async () => {
    const world = new Simulation()

    const { fate, missed } = await run(
      function* () {
        const { port, counts } = yield* serve(echoer, {
          firstByteTimeout: 100,
          onDrop: (reason) => {
            throw new Error(`onDrop: ${reason}`)
          },
        })
        const fate = yield* visit(port)
        return { fate, missed: counts.missed.firstByte }
      },
      { host: world },
    )

    expect(fate).toBe('|end')
    expect(missed).toBe(1)
    expect(world.reports.map(String)).toEqual(['Error: onDrop: firstByte'])
  })
})
