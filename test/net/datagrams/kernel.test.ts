// What the sockets of the `epoll` driver leave to the kernel: what waits, what is dropped, batches,
// and the peer of a connected socket.
import { readFileSync } from 'node:fs'
import { Address, type UdpOptions, type UdpSocket, udp } from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { type Coroutine, type Event, sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { realSample } from '../drivers/real-suites.js'
import { errorOf, LOOPBACK, pattern, play } from '../world.js'

const epoll = epollDriver()
const driver = epoll instanceof Error ? nodeDriver : epoll
const { ipv6, quietMs } = realSample(driver)

function open(options: UdpOptions = {}) {
  return udp({ host: LOOPBACK, driver, ...options })
}

/** The address of a socket that has been closed. */
function* closedAddress(): Coroutine<Address> {
  using gone = yield* open()
  return gone.address
}

const REFUSED = -1

/** What an event gives; instead of an error, the other value. */
function* caught<T>(event: Event<T>, otherwise: number): Coroutine<T | number> {
  try {
    return yield* event
  } catch {
    return otherwise
  }
}

/** How many bytes wait in the kernel for a socket. */
function waitingBytes({ address: { port } }: UdpSocket): number {
  const local = `:${port.toString(16).padStart(4, '0').toUpperCase()} `
  const line = readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .find((line) => line.includes(local))
  return Number.parseInt(line?.trim().split(/\s+/)[4]?.split(':')[1] ?? '', 16)
}

describe.skipIf(epoll instanceof Error)('datagrams in the kernel (skipped where epoll is not built)', () => {
  it('trap 34: wait there until a task asks, and those that were dropped are counted', async () => {
    const { waiting, got, dropped, kept } = await play(function* () {
      using one = yield* open()
      const other = yield* open({ receiveBuffer: 8192 })
      const list = Array.from({ length: 500 }, () => ({ data: Buffer.alloc(100), to: other.address }))
      yield* one.sendMany(list)
      // A busy kernel delivers later.
      while (other.dropped < 100 || waitingBytes(other) < 1000) yield* sleep(1)
      yield* sleep(quietMs)
      const waiting = waitingBytes(other)
      let got = 0
      while (got + other.dropped < list.length) got += (yield* other.recvMany()).length
      const { dropped } = other
      other.close()
      return { waiting, got, dropped, kept: other.dropped }
    })

    expect(waiting).toBeGreaterThan(1000)
    expect(got).toBeGreaterThan(5)
    expect(dropped).toBeGreaterThan(100)
    expect(kept).toBe(dropped)
  })

  it('of many sizes and targets are sent in order, with their bytes', async () => {
    const sizes = [0, 1, 63, 64, 5000, 4096, 4097, 3, 65_507, 0, 12]
    const results = await play(function* () {
      using one = yield* udp({ driver })
      using first = yield* open()
      using second = yield* open({ maxSize: 64 })
      const list = sizes.flatMap((size, i) =>
        [first, second].map(({ address }) => ({ data: pattern(size, i), to: address })),
      )
      const sent = yield* one.sendMany(list)
      const whole: boolean[] = []
      const cut: unknown[] = []
      for (const [i, size] of sizes.entries()) {
        whole.push((yield* first.recv()).data.equals(pattern(size, i)))
        const { data, truncated } = yield* second.recv()
        cut.push([data.equals(pattern(size, i).subarray(0, 64)), truncated === size > 64])
      }
      return { sent, whole, cut }
    })

    expect(results.sent).toBe(2 * sizes.length)
    expect(results.whole).toEqual(sizes.map(() => true))
    expect(results.cut).toEqual(sizes.map(() => [true, true]))
  })

  it('share the memory of a batch: idle sockets have none', async () => {
    const growth = await play(function* () {
      using one = yield* open()
      const sockets: UdpSocket[] = []
      const receive = function* (): Coroutine<void> {
        const socket = yield* open()
        sockets.push(socket)
        yield* one.send('x', socket.address)
        yield* socket.recv()
      }
      yield* receive()
      const before = process.memoryUsage().arrayBuffers
      for (let i = 0; i < 40; i++) yield* receive()
      const growth = process.memoryUsage().arrayBuffers - before
      for (const socket of sockets) socket.close()
      return growth
    })

    // A batch of each would be 4 MiB.
    expect(growth).toBeLessThan(1024 * 1024)
  })

  it('have senders in the form of the node driver', async ({ skip }) => {
    if (!ipv6) skip('this machine has no IPv6')
    const senders = (driver: UdpOptions['driver'] & {}) =>
      play(function* () {
        using every = yield* udp({ driver })
        const senders: string[] = []
        for (const host of ['127.0.0.1', '::1', '127.0.0.2', '127.0.0.2']) {
          using client = yield* udp({ host, driver: 'node' })
          yield* client.send('x', new Address(host, every.address.port))
          const { from } = yield* every.recv()
          senders.push(from.host, `${from.port === client.address.port}`)
        }
        return senders
      })

    expect(await senders(driver)).toEqual(await senders('node'))
  })

  it('reach an address however it is written, and it is not the form of a sender', async ({ skip }) => {
    if (!ipv6) skip('this machine has no IPv6')
    const hosts = await play(function* () {
      using one = yield* open({ host: '::1' })
      yield* one.send('x', { host: '0:0::0:1', port: one.address.port })
      const hosts = [(yield* one.recv()).from.host]
      yield* one.send('x', { host: '::1%lo', port: one.address.port })
      hosts.push((yield* one.recv()).from.host)
      return hosts
    })

    expect(hosts).toEqual(['::1', '::1'])
  })
})

describe.skipIf(epoll instanceof Error)('a connected socket (skipped where epoll is not built)', () => {
  it('is told of each refusal, also within a batch', async () => {
    const outcomes = await play(function* () {
      using one = yield* open()
      const { port } = yield* closedAddress()
      yield* one.connect(LOOPBACK, port)
      const list = Array.from({ length: 60 }, () => ({ data: 'x' }))
      let sent = list.length
      // Most often the first one is refused before the second one is sent.
      while (sent === list.length) sent = yield* caught(one.sendMany(list), list.length)
      const error = yield* errorOf(one.send('x'))
      while ((yield* caught(one.send('last'), REFUSED)) === REFUSED);
      return [sent < list.length, error.code, (yield* errorOf(one.recv())).code]
    })

    expect(outcomes).toEqual([true, 'ECONNREFUSED', 'ECONNREFUSED'])
  })

  it('keeps its port when it is connected to another peer, which has refused nothing', async () => {
    const { ports, text } = await play(function* () {
      using one = yield* udp({ driver, host: '0.0.0.0' })
      using other = yield* open({ host: '127.0.0.2' })
      const ports = [one.address.port]
      const { port } = yield* closedAddress()
      yield* one.connect(LOOPBACK, port)
      ports.push(one.address.port)
      yield* one.send('refused')
      yield* sleep(quietMs)
      yield* one.connect('127.0.0.2', other.address.port)
      ports.push(one.address.port)
      yield* other.send('fine', { host: LOOPBACK, port: one.address.port })
      yield* one.send('x')
      const { from } = yield* other.recv()
      yield* other.send('fine', from)
      return { ports, text: String((yield* one.recv()).data) }
    })

    expect(new Set(ports).size).toBe(1)
    expect(text).toBe('fine')
  })

  it('has no peer after a connect that fails, and receives from everyone', async () => {
    const { code, text } = await play(function* () {
      using one = yield* udp({ driver, host: '0.0.0.0' })
      using other = yield* open()
      yield* one.connect(LOOPBACK, other.address.port)
      // A broadcast address, without the option.
      const { code } = yield* errorOf(one.connect('255.255.255.255', 9))
      using stranger = yield* open()
      yield* stranger.send('hello', { host: LOOPBACK, port: one.address.port })
      return { code, text: String((yield* one.recv()).data) }
    })

    expect(code).toMatch(/^E(ACCES|NETUNREACH)$/)
    expect(text).toBe('hello')
  })
})
