// What a recorded driver hands on: all that the driver below can do, and nothing more.
import { Address } from '@bluelet/net'
import {
  CLOSED,
  type Driver,
  type DriverDatagrams,
  type DriverListener,
  type DriverSocket,
  FAILED,
  LINGERING,
  type Observer,
  READABLE,
  WRITABLE,
} from '@bluelet/net/driver'
import { recordNetwork } from '@bluelet/net/trace'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import type { RecordedNetwork } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import type { PacketSource } from '../../../packages/net/src/driver/packets.js'
import { KeepingLog } from './log.js'

const ADDRESS = new Address('127.0.0.1', 80)

/** A socket that does what a test says. */
function socketWith(members: Partial<DriverSocket>): DriverSocket {
  return {
    observer: null,
    localAddress: undefined,
    remoteAddress: undefined,
    unsent: 3,
    read: () => null,
    write: () => 0,
    shutdown() {},
    close() {},
    reset() {},
    ...members,
  }
}

/** A driver whose sockets are given, recorded. */
function recordedDriver(members: Partial<Driver & PacketSource>): {
  driver: Driver
  network: RecordedNetwork
} {
  const driver: Driver = {
    name: 'fake',
    lookup() {},
    connect: () => socketWith({}),
    listen: () => () => {},
    ...members,
  }
  const { host, network } = recordNetwork({ ...defaultHost, driver })
  return { driver: host.driver, network }
}

/** A socket, recorded. */
function recordedSocket(members: Partial<DriverSocket>): {
  socket: DriverSocket
  inner: DriverSocket
  log: KeepingLog
} {
  const inner = socketWith(members)
  const { driver, network } = recordedDriver({ connect: () => inner })
  const log = new KeepingLog()
  network.attach(log)
  return { socket: driver.connect({ host: '127.0.0.1', port: 80 }), inner, log }
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

describe('a recorded socket', () => {
  it('leaves out what the driver leaves out', () => {
    const { socket } = recordedSocket({})

    expect(socket.readInto).toBe(undefined)
    expect(socket.writePart).toBe(undefined)
    expect(socket.tls).toBe(undefined)
    expect(socket.credentials).toBe(undefined)
    expect(socket.unacknowledged).toBe(undefined)
    expect(socket.unsent).toBe(3)
  })

  it('has what the driver has', () => {
    const credentials = { pid: 1, uid: 2, gid: 3 }
    const tls = { info: undefined, handshake: () => () => {} }

    const { socket } = recordedSocket({ credentials, tls, unacknowledged: 7 })

    expect(socket.credentials).toBe(credentials)
    expect(socket.tls).toBe(tls)
    expect(socket.unacknowledged).toBe(7)
  })

  it('reads into memory of the caller', () => {
    const script: (number | null)[] = [2, 3, null, 0, 0]
    const { socket, log } = recordedSocket({
      readInto(target) {
        target.fill('x'.charCodeAt(0))
        return script.shift() ?? null
      },
    })

    const counts = Array.from({ length: 5 }, () => socket.readInto?.(new Uint8Array(3)))

    expect(counts).toEqual([2, 3, null, 0, 0])
    expect(log.of('read').map(({ value }) => value)).toEqual(['xx', 'xxx'])
    expect(log.of('end')).toHaveLength(1)
  })

  it('writes a part', () => {
    const script = [2, 0, 3]
    const { socket, log } = recordedSocket({ writePart: () => script.shift() ?? 0 })

    const taken = [1, 3, 0].map((start) => socket.writePart?.(bytesOf('abc'), start, 3))

    expect(taken).toEqual([2, 0, 3])
    expect(log.of('write').map(({ value }) => value)).toEqual(['bc', 'abc'])
  })

  it('writes what was collected when it was sent, and once', () => {
    const { socket, log } = recordedSocket({ write: (bytes) => bytes.length })

    socket.collected?.('ab', 2)
    socket.collected?.('c', 1)
    socket.write(bytesOf('ab'))
    socket.write(bytesOf('cd'))
    socket.write(bytesOf('e'))

    expect(log.of('write').map(({ value, bytes }) => [value, bytes])).toEqual([
      ...[
        ['ab', 2],
        ['c', 1],
        ['d', 1],
        ['e', 1],
      ],
    ])
  })

  it.each(['read', 'readInto', 'write', 'writePart'] as const)(
    'throws what %s throws, and writes it once',
    (name) => {
      const error = new Error('mine')
      const fails = () => {
        throw error
      }
      const { socket, log } = recordedSocket({ [name]: fails })

      for (let i = 0; i < 2; i++)
        expect(() => (socket[name] as (...args: unknown[]) => unknown)(1, 2, 3)).toThrow(error)

      expect(log.of('failed').map(({ value }) => value)).toEqual([error])
    },
  )

  it('writes each way to end it once', () => {
    const calls: unknown[] = []
    const { socket, log } = recordedSocket({
      shutdown: () => void calls.push('shutdown'),
      close: (...args) => void calls.push(args),
      reset: () => void calls.push('reset'),
    })

    socket.shutdown()
    socket.shutdown()
    socket.close(true, true)
    socket.close(false)
    socket.reset()

    expect(calls).toEqual(['shutdown', 'shutdown', [true, true], [false, undefined], 'reset'])
    expect(log.entries.map(({ op }) => op)).toEqual(['connect', 'shutdown', 'close'])
  })

  it('tells its observer what the driver says, and the log why', () => {
    const { socket, inner, log } = recordedSocket({})
    const told: number[] = []
    socket.observer = { ready: (what) => void told.push(what) }
    expect(socket.observer).not.toBe(null)
    const said = [WRITABLE, READABLE, READABLE | WRITABLE, WRITABLE, FAILED | READABLE, LINGERING, CLOSED]

    for (const what of said) inner.observer?.ready(what)
    socket.observer = null

    expect(inner.observer).toBe(null)
    expect(told).toEqual(said)
    expect(log.told.map(([, op]) => op)).toEqual([
      ...['writable', 'read', 'read', 'writable', 'failed', 'closed', 'closed'],
    ])
    expect(log.of('connected')).toHaveLength(1)
  })

  it('has told the log when an observer throws', () => {
    const { socket, inner, log } = recordedSocket({})
    socket.observer = {
      ready() {
        throw new Error('mine')
      },
    }

    expect(() => inner.observer?.ready(READABLE)).toThrow('mine')

    expect(log.depth).toBe(0)
  })

  it('writes nothing while nothing is recorded', () => {
    const inner = socketWith({ read: () => Buffer.from('x'), write: () => 1 })
    const { driver } = recordedDriver({ connect: () => inner })
    const socket = driver.connect({ host: '127.0.0.1', port: 80 })
    const told: number[] = []
    socket.observer = { ready: (what) => void told.push(what) }

    inner.observer?.ready(WRITABLE)
    socket.read(1)
    socket.write(bytesOf('x'))
    socket.shutdown()
    socket.close(true)

    expect(told).toEqual([WRITABLE])
  })
})

describe('a recorded listener', () => {
  function recordedListener(members: Partial<DriverListener>, log?: KeepingLog) {
    const inner = {
      observer: null,
      address: ADDRESS,
      dropped: 2,
      accept: () => null,
      close() {},
      ...members,
    } as DriverListener
    const { driver, network } = recordedDriver({
      listen(_target, done) {
        done(null, inner)
        return () => {}
      },
    })
    if (log !== undefined) network.attach(log)
    let listener: DriverListener | null = null
    driver.listen({ host: '', port: 80, backlog: 1, reusePort: true }, (_error, made) => {
      listener = made
    })
    return { listener: listener as unknown as DriverListener, inner }
  }

  it('hands on what the driver’s listener has', () => {
    const { listener } = recordedListener({ inherited: true })

    expect([listener.address, listener.dropped, listener.inherited]).toEqual([ADDRESS, 2, true])
  })

  it.each([undefined, new KeepingLog()])('tells its observer, recorded or not', (log) => {
    const { listener, inner } = recordedListener({}, log)
    const told: number[] = []
    listener.observer = { ready: (what) => void told.push(what) }
    expect(listener.observer).not.toBe(null)

    inner.observer?.ready(READABLE)
    listener.observer = null
    listener.close()
    listener.close()

    expect(inner.observer).toBe(null)
    expect(told).toEqual([READABLE])
    if (log !== undefined) {
      expect(log.told).toEqual([[1, 'accept']])
      expect(log.entries.map(({ op }) => op)).toEqual(['listen', 'close'])
    }
  })

  it('hands on the error of a listen', () => {
    const error = new Error('mine')
    const { driver } = recordedDriver({
      listen(_target, done) {
        done(error, null)
        return () => {}
      },
    })
    let told: unknown

    driver.listen({ path: '/run/x.sock', backlog: 1 }, (...args) => {
      told = args
    })

    expect(told).toEqual([error, null])
  })
})

describe('a recorded socket for datagrams', () => {
  function recordedDatagrams(members: Partial<DriverDatagrams>, log?: KeepingLog) {
    const calls: unknown[] = []
    const call =
      (name: string) =>
      (...args: unknown[]) =>
        void calls.push([name, ...args])
    const inner = {
      ...{ observer: null, address: ADDRESS, dropped: 2 },
      ...{ receive: () => null, send: () => () => {} },
      ...{
        connect: call('connect'),
        join: call('join'),
        leave: call('leave'),
        set: call('set'),
        close: call('close'),
      },
      ...members,
    } as DriverDatagrams
    const { driver, network } = recordedDriver({
      udp(_target, done) {
        done(null, inner)
        return () => {}
      },
    })
    if (log !== undefined) network.attach(log)
    let socket: DriverDatagrams | null = null
    driver.udp?.({} as never, (_error, made) => {
      socket = made
    })
    return { socket: socket as unknown as DriverDatagrams, inner, calls }
  }

  it('hands on what the driver’s socket does', () => {
    const { socket, calls } = recordedDatagrams({})
    const membership = { group: '224.0.0.1', interface: undefined, source: undefined }

    socket.join(membership)
    socket.leave(membership)
    socket.set('ttl', 1)
    socket.close()

    expect([socket.address, socket.dropped]).toEqual([ADDRESS, 2])
    expect(calls).toEqual([['join', membership], ['leave', membership], ['set', 'ttl', 1], ['close']])
  })

  it('throws what receiving throws, and writes it, as it does the error of a send', () => {
    const error = new Error('mine')
    const log = new KeepingLog()
    const { socket } = recordedDatagrams(
      {
        receive() {
          throw error
        },
        send(_batch, done) {
          done(0, error)
          return () => {}
        },
      },
      log,
    )
    let sent: unknown

    expect(() => socket.receive(1)).toThrow(error)
    socket.send([{ data: bytesOf('x'), to: undefined }], (...args) => {
      sent = args
    })

    expect(sent).toEqual([0, error])
    expect(log.of('failed').map(({ value }) => value)).toEqual([error, error])
  })

  it.each([undefined, new KeepingLog()])('tells its observer, recorded or not', (log) => {
    const { socket, inner } = recordedDatagrams({}, log)
    const told: number[] = []
    socket.observer = { ready: (what) => void told.push(what) } satisfies Observer
    expect(socket.observer).not.toBe(null)

    inner.observer?.ready(READABLE)
    socket.observer = null
    socket.close()
    socket.close()

    expect(inner.observer).toBe(null)
    expect(told).toEqual([READABLE])
    if (log !== undefined) expect(log.entries.map(({ op }) => op)).toEqual(['made', 'close'])
  })

  it('hands on the error of an open', () => {
    const error = new Error('mine')
    const { driver } = recordedDriver({
      udp(_target, done) {
        done(error, null)
        return () => {}
      },
    })
    let told: unknown

    driver.udp?.({} as never, (...args) => {
      told = args
    })

    expect(told).toEqual([error, null])
  })
})

describe('a recorded driver', () => {
  it('has no datagrams if the driver has none, and its own name', () => {
    const { driver } = recordedDriver({})

    expect(driver.udp).toBe(undefined)
    expect(driver.name).toBe('fake')
  })

  it('calls no getter before it is asked', () => {
    let calls = 0
    const { driver } = recordedDriver({})
    const costly: Driver = {
      ...driver,
      get maxDescriptors() {
        calls++
        return 7
      },
    }

    const { host } = recordNetwork({ ...defaultHost, driver: costly })

    expect(calls).toBe(0)
    expect(host.driver.maxDescriptors).toBe(7)
  })

  it('writes the packets of a network that tells of them', () => {
    let tell: Parameters<PacketSource['onPacket']>[0] | null = null
    const { network } = recordedDriver({
      onPacket(listener) {
        tell = listener
        return () => {
          tell = null
        }
      },
    })
    const log = new KeepingLog()

    const detach = network.attach(log)
    ;(tell as Parameters<PacketSource['onPacket']>[0] | null)?.('sent', {
      ...{ id: 7, from: ADDRESS, to: ADDRESS, bytes: 3, sent: 0, due: 1 },
    })
    detach()

    expect(tell).toBe(null)
    expect(log.entries).toEqual([
      { n: 0, e: 'packet', op: 'sent', id: 7, from: '127.0.0.1:80', to: '127.0.0.1:80', bytes: 3 },
    ])
  })
})
