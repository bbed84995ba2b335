// Sockets for datagrams over a driver that answers when the test says so.
import { Address, ClosedError, ConnectError, DatagramError, type UdpSocket, udp } from '@bluelet/net'
import {
  type Datagram,
  type Driver,
  type DriverDatagrams,
  nodeDriver,
  type Observer,
  READABLE,
} from '@bluelet/net/driver'
import {
  all,
  type Coroutine,
  type Event,
  join,
  kill,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { driverLike, errorOf, LOOPBACK, perform, play } from '../world.js'

type Done = (sent: number, error: Error | null) => void

/** A send that the driver has been given. */
interface Send {
  readonly texts: readonly string[]
  readonly done: Done
  withdrawn: boolean
}

class ScriptedDatagrams implements DriverDatagrams {
  observer: Observer | null = null
  readonly address = new Address(LOOPBACK, 4915)
  readonly dropped = 0
  readonly sends: Send[] = []
  readonly connects: ((error: Error | null) => void)[] = []
  arrived: Datagram[] = []
  error: Error | null = null
  closed = false

  receive(max: number): Datagram[] | null {
    if (this.error !== null) throw this.error
    return this.arrived.length === 0 ? null : this.arrived.splice(0, max)
  }

  send(batch: readonly { data: Uint8Array }[], done: Done): () => void {
    const send: Send = { texts: batch.map(({ data }) => String(data)), done, withdrawn: false }
    this.sends.push(send)
    return () => {
      send.withdrawn = true
    }
  }

  connect(_peer: Address, done: (error: Error | null) => void): void {
    this.connects.push(done)
  }

  join(): void {}
  leave(): void {}
  set(): void {}

  close(): void {
    this.closed = true
  }

  /** Datagrams arrive. */
  arrive(...texts: string[]): void {
    for (const text of texts)
      this.arrived.push({ data: Buffer.from(text), from: this.address, truncated: false })
    this.observer?.ready(READABLE)
  }
}

type Opened = Parameters<NonNullable<Driver['udp']>>[1]

/** A driver whose sockets are opened by the test. */
function scripted(openings: Opened[]): Driver {
  return driverLike(nodeDriver, {
    name: 'scripted',
    udp(_target, done) {
      openings.push(done)
      return () => {}
    },
  })
}

const to = { host: LOOPBACK, port: 53 }

function refusal(): Error {
  return Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
}

function* opened(): Coroutine<{ socket: UdpSocket; raw: ScriptedDatagrams }> {
  const raw = new ScriptedDatagrams()
  const driver = driverLike(nodeDriver, {
    udp(_target, done) {
      queueMicrotask(() => done(null, raw))
      return () => {}
    },
  })
  return { socket: yield* udp({ driver }), raw }
}

describe('sends of datagrams', () => {
  it('that are withdrawn are not sent, and the next one follows', async () => {
    const sends = await play(function* () {
      const { socket, raw } = yield* opened()
      const first = yield* spawn(perform, socket.send('1', to))
      const second = yield* spawn(perform, socket.send('2', to))
      const third = yield* spawn(perform, socket.send('3', to))
      yield pause()
      yield* kill(second)
      yield* kill(first)
      raw.sends[1]?.done(1, null)
      yield* join(third)
      return raw.sends.map(({ texts, withdrawn }) => [texts, withdrawn])
    })

    expect(sends).toEqual([
      [['1'], true],
      [['3'], false],
    ])
  })

  it('that wait at a close get a ClosedError', async () => {
    const errors = await play(function* () {
      const { socket } = yield* opened()
      const first = yield* spawn(errorOf, socket.send('1', to))
      const second = yield* spawn(errorOf, socket.sendMany([{ data: '2', to }]))
      yield pause()
      socket.close()
      return [yield* join(first), yield* join(second)]
    })

    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    expect(errors.map(({ message }) => message)).toEqual([
      'send(1 bytes to 127.0.0.1:53): the socket has been closed',
      'sendMany(1 datagrams): the socket has been closed',
    ])
  })

  it('learn from the next send that the peer refuses, if some datagrams were sent before', async () => {
    const { count, error, texts } = await play(function* () {
      const { socket, raw } = yield* opened()
      const many = yield* spawn(
        perform,
        socket.sendMany([
          { data: '1', to },
          { data: '2', to },
        ]),
      )
      const next = yield* spawn(errorOf, socket.send('3', to))
      const last = yield* spawn(perform, socket.send('4', to))
      yield pause()
      raw.sends[0]?.done(1, refusal())
      const count = yield* join(many)
      const error = yield* join(next)
      raw.sends[1]?.done(1, null)
      yield* join(last)
      return { count, error, texts: raw.sends.map(({ texts }) => texts) }
    })

    expect(count).toBe(1)
    expect(error).toBeInstanceOf(DatagramError)
    expect(error.code).toBe('ECONNREFUSED')
    expect(texts).toEqual([['1', '2'], ['4']])
  })
})

describe('receives of datagrams', () => {
  it.each(['recv', 'recvMany'] as const)('%s gives back what its task cannot take', async (receive) => {
    const texts = await play(function* () {
      const { socket, raw } = yield* opened()
      const victim = yield* spawn(perform, all([socket[receive](), sleep(1000)]))
      yield pause()
      raw.arrive('1', '2')
      yield* kill(victim)
      raw.arrive('3')
      return (yield* socket.recvMany()).map(({ data }) => String(data))
    })

    expect(texts).toEqual(['1', '2'])
  })

  it('that are killed when the socket is closed lose what they had', async () => {
    const error = await play(function* () {
      const { socket, raw } = yield* opened()
      const victim = yield* spawn(perform, all([socket.recv(), sleep(1000)]))
      yield pause()
      raw.arrive('1')
      socket.close()
      yield* kill(victim)
      return yield* errorOf(socket.recv())
    })

    expect(error).toBeInstanceOf(ClosedError)
  })

  it('in a race give a datagram that is there, and none if there is none', async () => {
    const outcome = await play(function* () {
      const { socket, raw } = yield* opened()
      const none = yield* race([socket.recv(), sleep(1)])
      raw.arrive('1')
      const one = yield* race([socket.recv(), sleep(1000)])
      return [none, String(one?.data)]
    })

    expect(outcome).toEqual([undefined, '1'])
  })

  it('go on waiting if nothing has come, and get the error of the driver', async () => {
    const error = await play(function* () {
      const { socket, raw } = yield* opened()
      const waiting = yield* spawn(errorOf, socket.recv())
      yield pause()
      raw.observer?.ready(READABLE)
      raw.error = new Error('the driver is broken')
      raw.observer?.ready(READABLE)
      return yield* join(waiting)
    })

    expect(error).toBeInstanceOf(DatagramError)
    expect(error.message).toBe('recv(): the driver is broken')
    expect(error.code).toBe('ERR_BLUELET_DATAGRAM')
  })
})

/** The error of an event, or undefined. */
function* caught(event: Event<void>): Coroutine<any> {
  try {
    yield* event
  } catch (error) {
    return error
  }
}

describe('a connect of datagrams', () => {
  function* connecting(socket: UdpSocket, raw: ScriptedDatagrams) {
    const before = raw.connects.length
    const task = yield* spawn(caught, socket.connect(LOOPBACK, 53))
    while (raw.connects.length === before) yield* sleep(1)
    return { task, answer: raw.connects[before]! }
  }

  it('that is killed may connect the socket nevertheless', async () => {
    const peer = await play(function* () {
      const { socket, raw } = yield* opened()
      const { task, answer } = yield* connecting(socket, raw)
      yield* kill(task)
      answer(null)
      return `${socket.remoteAddress}`
    })

    expect(peer).toBe('127.0.0.1:53')
  })

  it('that fails leaves the socket without a peer', async () => {
    const { error, peer, unconnected } = await play(function* () {
      const { socket, raw } = yield* opened()
      const first = yield* connecting(socket, raw)
      first.answer(null)
      yield* join(first.task)
      const { task, answer } = yield* connecting(socket, raw)
      answer(Object.assign(new Error('no route'), { code: 'ENETUNREACH' }))
      const error = yield* join(task)
      return { error, peer: socket.remoteAddress, unconnected: yield* errorOf(socket.send('x')) }
    })

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain("connect('127.0.0.1', 53) failed")
    expect(peer).toBe(undefined)
    expect(unconnected).toBeInstanceOf(TypeError)
  })
})

describe('an opening of datagrams', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])(
    'leaves no socket if it is killed %i steps after its answer',
    async (steps) => {
      const raw = new ScriptedDatagrams()
      const openings: Opened[] = []
      await play(function* () {
        const opening = yield* spawn(perform, udp({ driver: scripted(openings) }))
        while (openings.length === 0) yield pause()
        openings[0]?.(null, raw)
        for (let i = 0; i < steps; i++) yield pause()
        yield* kill(opening)
        if (opening.outcome?.kind === 'returned') opening.outcome.value.close()
      })

      expect(raw.closed).toBe(true)
    },
  )

  it('leaves no socket if what it belongs to fails', async () => {
    const raw = new ScriptedDatagrams()
    const openings: Opened[] = []
    await play(function* () {
      const both = yield* spawn(perform, all([udp({ driver: scripted(openings) }), sleep(10_000)]))
      while (openings.length === 0) yield pause()
      openings[0]?.(null, raw)
      yield* sleep(5)
      yield* kill(both)
    })

    expect(raw.closed).toBe(true)
  })

  it('leaves no socket if it is answered after a kill', async () => {
    const raws = [new ScriptedDatagrams(), null]
    const openings: Opened[] = []
    await play(function* () {
      for (const raw of raws) {
        const opening = yield* spawn(perform, udp({ driver: scripted(openings) }))
        while (openings.length === 0) yield pause()
        yield* kill(opening)
        openings.pop()?.(raw === null ? refusal() : null, raw)
      }
    })

    expect(raws[0]?.closed).toBe(true)
  })

  it('and its operations are shown as they are written', async () => {
    const scheduler = new Scheduler()
    const openings: Opened[] = []
    const waits = await scheduler.run(function* () {
      const { socket, raw } = yield* opened()
      const tasks = [
        yield* spawn(perform, udp({ driver: scripted(openings) })),
        yield* spawn(perform, socket.recvMany(3)),
        yield* spawn(perform, socket.send('abc', to)),
        yield* spawn(perform, socket.connect(LOOPBACK, 53)),
      ]
      while (raw.connects.length === 0) yield* sleep(1)
      const waits = scheduler.snapshot().map(({ waitsFor }) => waitsFor)
      for (const task of tasks) yield* kill(task)
      return waits
    })

    expect(waits.slice(1)).toEqual([
      "udp({ host: '', port: 0 })",
      'recvMany(3)',
      'send(3 bytes to 127.0.0.1:53)',
      "connect('127.0.0.1', 53)",
    ])
  })
})
