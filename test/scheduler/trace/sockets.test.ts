// What a network writes into a recording, and what a recording makes of it.
import { type Coroutine, Scheduler, spawn } from '@bluelet/scheduler'
import { type EventHandler, event, LATER, type Waiter } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { type NetworkLog, type RecordedNetwork, record } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'

/** A socket of a network that a test plays. */
class Socket {
  readonly network: Network
  readonly res: number
  /** What has arrived and was read. */
  readonly arrived: number[] = []
  waiter: Waiter<number> | undefined

  constructor(network: Network) {
    this.network = network
    this.res = network.log.newResource()
    network.sockets.set(this, this.res)
  }
}

const RECEIVE: EventHandler<Socket, void, number> = {
  name: 'receive',
  external: 'socket',
  receives: true,
  on: (socket) => socket,
  attempt: (_waiter, socket) => socket.arrived.shift() ?? LATER,
  enter(waiter, socket) {
    socket.waiter = waiter
  },
}

class Network implements RecordedNetwork {
  log!: NetworkLog
  readonly sockets = new Map<object, number>()
  attached = false

  attach(log: NetworkLog): () => void {
    this.log = log
    this.attached = true
    return () => {
      this.attached = false
    }
  }

  resourceOf(object: object): number | undefined {
    return this.sockets.get(object)
  }
}

describe('a recorded network', () => {
  it('is attached for as long as the recording lasts', () => {
    const network = new Network()
    const recording = record(new Scheduler({ host: new VirtualHost() }), { network })
    const before = network.attached
    recording.stop()

    expect([before, network.attached]).toEqual([true, false])
  })

  it('writes what happened, and names what woke a task', async () => {
    const network = new Network()
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })
    const recording = record(scheduler, { network })
    const { log } = network
    await scheduler.run(function* main() {
      const socket = new Socket(network)
      log.resource('connect', socket.res, '10.0.0.1:80')
      yield* spawn(function* reader(): Coroutine<void> {
        yield* event(RECEIVE, socket)
        yield* event(RECEIVE, socket)
        yield* event(RECEIVE, socket)
      })
      const sent = log.io('write', socket.res, 3, Uint8Array.of(65, 66, 67), null)
      log.packet('sent', 1, '10.0.0.1:80', '10.0.0.2:90', 3)
      scheduler.host.at(5, () => {
        log.ready(socket.res, 'writable')
        log.io('write', socket.res, 1, undefined, null)
        log.io('read', socket.res, 3, Uint8Array.of(65, 66, 67), sent)
        socket.arrived.push(2)
        socket.waiter?.resume(1)
        log.over()
      })
      scheduler.host.at(6, () => {
        log.ready(socket.res, 'end')
        socket.waiter?.resume(3)
        log.over()
        log.resource('close', socket.res)
        log.io('accept', 9, 0, undefined, null, 10)
      })
    })
    const { events } = recording.stop()

    const read = events.find((event) => event.e === 'io' && event.op === 'read')?.n
    const sent = events.find((event) => event.e === 'io' && event.op === 'write')
    expect(events.filter(({ e }) => e === 'io' || e === 'res' || e === 'packet')).toMatchObject([
      { e: 'res', op: 'connect', res: 1, at: '10.0.0.1:80', step: 1 },
      { e: 'io', op: 'write', res: 1, bytes: 3, value: 'b"ABC"', cause: null, step: 5 },
      { e: 'packet', op: 'sent', id: 1, from: '10.0.0.1:80', to: '10.0.0.2:90', bytes: 3 },
      { e: 'io', op: 'write', res: 1, bytes: 1, cause: null, step: null },
      { e: 'io', op: 'read', res: 1, bytes: 3, value: 'b"ABC"', cause: sent?.n, step: null },
      { e: 'res', op: 'close', res: 1, step: null },
      { e: 'io', op: 'accept', res: 9, made: 10, cause: null, step: null },
    ])
    expect(events.filter((event) => event.e === 'yield' && event.co === 2)).toMatchObject([
      { ev: 'receive()', on: { res: 1 } },
      { ev: 'receive()', on: { res: 1 } },
      { ev: 'receive()', on: { res: 1 } },
    ])
    expect(events.filter((event) => event.e === 'wake').map((event) => event.by)).toEqual([
      { kind: 'io', res: 1, op: 'read', bytes: 3, io: read },
      { kind: 'io', res: 1, op: 'end', bytes: 0, io: null },
    ])
    // The second one was answered at once, by bytes of the same read.
    const resumed = events.filter((event) => event.e === 'resume' && event.co === 2)
    expect(resumed.map((event) => 'io' in event && event.io)).toEqual([false, false, read, false])
  })
})
