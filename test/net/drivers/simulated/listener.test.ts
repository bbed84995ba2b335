// The behaviour of simulated listeners beyond that of every driver.
import { type Connection, ConnectionResetError, connect, type Listener, listen, server } from '@bluelet/net'
import { type Operation, Simulation, simulate } from '@bluelet/net/testing'
import { all, type Coroutine, join, run, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { turn } from '../../../support/deadline.js'
import { abort, echoer, exchange, pairAt } from '../../simulated-pair.js'
import { errorOf } from '../../world.js'

/** Makes the first tries to accept fail. */
function acceptFails(code: string, times: number): (operation: Operation) => string | undefined {
  let left = times
  return ({ kind }) => (kind === 'accept' && left-- > 0 ? code : undefined)
}

describe('a full backlog', () => {
  /** Connects clients, which wait to be released; gives the time when each is connected. */
  function* connecting({ address }: Listener, clients: number): Coroutine<number[]> {
    const times: number[] = []
    function* client(): Coroutine<void> {
      const conn = yield* connect('127.0.0.1', address.port)
      times.push(conn.scheduler.now())
      yield* errorOf(conn.recv(1))
      conn.close()
    }
    yield* all(Array.from({ length: clients }, () => client()))
    return times
  }

  /** Accepts a connection at each of the times, and releases the client. */
  function* accepting(listener: Listener, ...times: number[]): Coroutine<void> {
    for (const at of times) {
      const conn = yield* listener.accept()
      yield* sleep(Math.max(at - conn.scheduler.now(), 0))
      conn.abort()
    }
  }

  it('admits at once the clients that it has room for', async () => {
    const times = await simulate(function* () {
      const listener = yield* listen('127.0.0.1', 0, { backlog: 3 })
      const connected = yield* spawn(connecting(listener, 3))
      yield* sleep(100)
      yield* accepting(listener, 0, 0, 0)
      listener.close()
      return yield* join(connected)
    })

    // The look-ups of the listener's and the client's address take 1 ms each, and the round trip 2.
    expect(times).toEqual([4, 4, 4])
  })

  it('lets the others retry after 1, 2 and 4 seconds', async () => {
    const times = await simulate(function* (world) {
      const listener = yield* listen('127.0.0.1', 0, { backlog: 1 })
      const connected = yield* spawn(connecting(listener, 4))
      for (const at of [500, 2000, 5000, 8000]) {
        yield* sleep(at - world.now())
        yield* accepting(listener, at)
      }
      listener.close()
      return yield* join(connected)
    })

    // The waiting clients try at 3 ms, and 1 s, 3 s and 7 s later. Each accept admits one of them.
    expect(times).toEqual([4, 1004, 3004, 7004])
  })

  it('refuses a client that retries after the listener was closed', async () => {
    const error = await simulate(function* () {
      const listener = yield* listen('127.0.0.1', 0, { backlog: 1 })
      const { port } = listener.address
      const first = yield* connect('127.0.0.1', port)
      yield* spawn(function* () {
        yield* sleep(500)
        listener.close()
      })
      const error = yield* errorOf(connect('127.0.0.1', port))
      first.close()
      return error
    })

    expect(error.message).toMatch(/failed: 127\.0\.0\.1:\d+: ECONNREFUSED$/)
  })

  it('fails a connect 64 seconds after its seventh try', async () => {
    const found = await simulate(function* (world) {
      const listener = yield* listen('127.0.0.1', 4915, { backlog: 1 })
      const first = yield* connect('127.0.0.1', 4915)
      const begin = world.now()
      const error = yield* errorOf(connect('127.0.0.1', 4915, { timeout: Infinity }))
      listener.close()
      first.close()
      return { error, ms: world.now() - begin }
    })

    expect(found.error).toMatchObject({ code: 'ETIMEDOUT' })
    // The look-up and the way to the listener, then 1 + 2 + 4 + 8 + 16 + 32 + 64 seconds.
    expect(found.ms).toBe(127_002)
  })

  it('drops no client', async () => {
    const dropped = await simulate(function* () {
      const listener = yield* listen('127.0.0.1', 0, { backlog: 1 })
      const connected = yield* spawn(connecting(listener, 3))
      yield* sleep(10)
      yield* accepting(listener, 0, 0, 0)
      listener.close()
      yield* join(connected)
      return listener.dropped
    })

    expect(dropped).toBe(0)
  })
})

describe('a connection that was reset before it was accepted', () => {
  /** Accepts a connection that the client has already reset. */
  function* resetEarly(): Coroutine<Connection> {
    const listener = yield* listen('127.0.0.1', 0)
    const client = yield* connect('127.0.0.1', listener.address.port)
    client.abort()
    yield* sleep(100)
    const conn = yield* listener.accept()
    listener.close()
    return conn
  }

  it('is accepted, and then throws the reset', async () => {
    const error = await simulate(function* () {
      return yield* errorOf((yield* resetEarly()).recv(1))
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('can be closed, which finishes, and leaves no descriptor', async () => {
    const world = new Simulation()
    let conn: Connection | undefined

    const ended = run(
      function* () {
        conn = yield* resetEarly()
        conn.close()
        // Without a timeout the run would wait forever, and this test with it.
        yield* timeout(1000, conn.whenClosed())
      },
      { host: world },
    )

    expect(await Promise.race([ended.then(() => 'ended', String), turns(200)])).toBe('ended')
    expect(world.network.descriptors).toBe(0)
  })
})

describe('an accept that fails', () => {
  it('throws, and keeps the connection in the backlog', async () => {
    const found = await simulate(
      function* () {
        const listener = yield* listen('127.0.0.1', 0)
        const client = yield* connect('127.0.0.1', listener.address.port)
        const error = yield* errorOf(listener.accept())
        const conn = yield* listener.accept()
        abort({ client, server: conn })
        listener.close()
        return error
      },
      { fault: acceptFails('EMFILE', 1) },
    )

    expect(found).toMatchObject({ message: 'accept EMFILE', code: 'EMFILE' })
  })

  it('with ECONNABORTED removes the connection', async () => {
    const found = await simulate(
      function* () {
        const listener = yield* listen('127.0.0.1', 0)
        const client = yield* connect('127.0.0.1', listener.address.port)
        yield* sleep(1)
        const aborted = yield* errorOf(listener.accept())
        const reset = yield* errorOf(client.recv(1))
        const next = yield* pairAt(listener)
        abort(next)
        listener.close()
        client.close()
        return { aborted, reset }
      },
      { fault: acceptFails('ECONNABORTED', 1) },
    )

    expect(found.aborted).toMatchObject({ code: 'ECONNABORTED' })
    expect(found.reset).toBeInstanceOf(ConnectionResetError)
  })

  it.each(['EAGAIN', 'EINTR'])('with %s is not a failure, but would block', async (code) => {
    const text = await simulate(
      function* () {
        const listener = yield* listen('127.0.0.1', 0)
        const client = yield* connect('127.0.0.1', listener.address.port)
        const conn = yield* listener.accept()
        yield* conn.sendall('hello')
        const text = String(yield* client.recv(10))
        abort({ client, server: conn })
        listener.close()
        return text
      },
      { fault: acceptFails(code, 1) },
    )

    expect(text).toBe('hello')
  })

  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'EPROTO'])(
    'with %s makes a server retry every 100 ms',
    async (code) => {
      const replied = await simulate(
        function* (world) {
          yield* spawn(server('', 4915, echoer))
          const conn = yield* connect('localhost', 4915)
          yield* exchange(conn, 'x')
          conn.close()
          return world.now()
        },
        // The first try finds an empty backlog.
        { fault: afterOne(acceptFails(code, 3)) },
      )

      // The connection arrives at 4 ms, the fourth try to accept it is 300 ms later, and the reply
      // takes 1 ms.
      expect(replied).toBe(305)
    },
  )
})

/** The same fault, except for the first accept. */
function afterOne(fault: (operation: Operation) => string | undefined): typeof fault {
  let accepts = 0
  return (operation) => (operation.kind === 'accept' && accepts++ === 0 ? undefined : fault(operation))
}

/** Waits for `count` turns of the event loop. */
async function turns(count: number): Promise<string> {
  for (let i = 0; i < count; i++) await turn()
  return `nothing after ${count} turns`
}
