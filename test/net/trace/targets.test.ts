// What each event of a network waits for, as a recording sees it, and the tasks that the library
// makes for itself.
import { PassThrough } from 'node:stream'
import {
  connect,
  listen,
  lookup,
  pipe,
  read,
  relay,
  resolve,
  server,
  signals,
  start,
  udp,
  write,
} from '@bluelet/net'
import { Simulation, simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, race, Scheduler, sleep, spawn, timeout } from '@bluelet/scheduler'
import { type RecordOptions, record, type SpawnEvent, type Trace } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { targetsOf } from '../../../packages/scheduler/src/core/targets.js'
import { abort, echoer, exchange, pairAt } from '../simulated-pair.js'
import { play } from '../world.js'

/** Records a program in a simulation. */
async function recorded(main: () => Coroutine<unknown>, options: RecordOptions = {}): Promise<Trace> {
  const scheduler = new Scheduler({ host: new Simulation(), sites: false })
  const recording = record(scheduler, options)
  await scheduler.run(main)
  return recording.stop()
}

/** A server with a client, whose connects are branches of combinations. */
function* program(): Coroutine<void> {
  const listeners = [yield* listen('127.0.0.1', 4915), yield* listen('127.0.0.1', 4916)]
  const task = yield* spawn(server(listeners, echoer, { maxConnections: 1 }))
  yield* sleep(1)
  const signal = new AbortController().signal
  const conn = yield* race([connect('localhost', 4915, { signal }), sleep(1000)])
  if (conn === undefined) throw new Error('not connected')
  yield* exchange(conn, 'hello')
  conn.close()
  yield* race([lookup('localhost'), sleep(1000)])
  yield* race([resolve('localhost', 'A'), sleep(1000)])
  yield* race([udp({ host: '127.0.0.1', port: 98 }), sleep(1000)])
  const socket = yield* udp({ host: '127.0.0.1' })
  yield* socket.connect('127.0.0.1', 99)
  yield* race([socket.connect('127.0.0.1', 99), sleep(1000)])
  socket.close()
  yield* kill(task)
}

/** The names of the tasks. */
function names(trace: Trace, library?: true): string[] {
  const spawned = trace.events.filter((event): event is SpawnEvent => event.e === 'spawn')
  return spawned.filter((event) => event.library === library).map(({ name }) => name)
}

describe('what an event of a network waits for', () => {
  it('is the connection', () =>
    simulate(function* () {
      const listener = yield* listen('127.0.0.1', 0)
      const { client, server } = yield* pairAt(listener)
      const events = [
        client.recv(1),
        client.readline(),
        client.sendall('x'),
        client.flush(),
        client.handshake(),
        client.whenClosed(),
        client.whenGone(),
        client.startTls({ servername: 'a' }),
      ]

      expect(events.map(targetsOf)).toEqual(events.map(() => [client]))
      for (const both of [pipe(client, server), relay(client, server)]) {
        expect(targetsOf(both)).toEqual([client, server])
      }
      abort({ client, server })
      listener.close()
    }))

  it('is the listener', () =>
    simulate(function* () {
      const listener = yield* listen('127.0.0.1', 0)

      expect([listener.accept(), listener.whenClosed()].map(targetsOf)).toEqual([[listener], [listener]])
      listener.close()
    }))

  it('is the socket for datagrams', () =>
    simulate(function* () {
      const socket = yield* udp({ host: '127.0.0.1' })
      const events = [socket.recv(), socket.send('x', { host: '127.0.0.1', port: 9 })]

      expect(events.map(targetsOf)).toEqual([[socket], [socket]])
      socket.close()
    }))

  it('is the stream, or the source of signals', () => {
    const stream = new PassThrough()
    const usr2 = signals('SIGUSR2')

    expect([read(stream, 1), write(stream, 'x')].map(targetsOf)).toEqual([[stream], [stream]])
    expect(targetsOf(usr2.next())).toEqual([usr2])
    usr2.close()
  })

  it('is the process', () =>
    play(function* () {
      const process = yield* start('true')

      expect(targetsOf(process.exited)).toHaveLength(1)
      expect(targetsOf(process.stop())).toEqual(targetsOf(process.exited))
      yield* process.exited
    }))

  it('is in the trace as a resource', async () => {
    const { events } = await recorded(program)
    const made = events.flatMap((event) => (event.e === 'res' ? [event.at] : []))

    expect(new Set(made)).toEqual(
      new Set(['Listener', 'Connection', 'ConnectionLimiter', 'UdpSocket', 'Sessions']),
    )
  })
})

describe('the tasks of a network', () => {
  it('are those of the program: the server has its name, and its parts are left out', async () => {
    expect(names(await recorded(program))).toEqual(['program', 'server', 'echoer'])
  })

  it('are marked on request if the library made them', async () => {
    const all = await recorded(program, { library: true })

    expect(names(all)).toEqual(['program', 'server', 'echoer'])
    expect(new Set(names(all, true))).toEqual(
      new Set(['race', 'connect', 'timeout', 'attempting', 'attempt', 'lookup', 'resolve', 'udp']),
    )
  })

  it('leave no limit on the time of a connect', async () => {
    const trace = await recorded(function* main() {
      const listener = yield* listen('127.0.0.1', 4915)
      const conn = yield* timeout(100, connect('127.0.0.1', 4915))
      conn.close()
      listener.close()
    })

    expect(names(trace)).toEqual(['main'])
  })
})
