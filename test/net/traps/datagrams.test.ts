// Traps of datagrams, by the numbers of the list that they come from: on the sockets of the system
// and in a simulation.
import { ClosedError, DatagramError, type UdpOptions, type UdpSocket, udp } from '@bluelet/net'
import { type DriverDatagrams, nodeDriver } from '@bluelet/net/driver'
import { Simulation } from '@bluelet/net/testing'
import { type Coroutine, join, pause, run, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { turn, until } from '../../support/deadline.js'
import { errorOf, LOOPBACK, play } from '../world.js'

/** Where `epoll` is not built, its part is missing here: its suite is skipped by name. */
const PLACES = ['node', 'simulated', ...(epollDriver() instanceof Error ? [] : ['epoll' as const])] as const

type Place = (typeof PLACES)[number]

function playIn<T>(place: Place, main: () => Coroutine<T>): Promise<T> {
  return place === 'simulated' ? run(main, { host: new Simulation() }) : play(main)
}

function open(place: Place, options: UdpOptions = {}) {
  return udp({ host: LOOPBACK, ...(place === 'simulated' ? {} : { driver: place }), ...options })
}

/** The address of a socket that has been closed. */
function* closedAddress(place: Place) {
  using gone = yield* open(place)
  return gone.address
}

describe.each(PLACES)('datagrams (%s)', (place) => {
  // On `epoll` there is no queue but the kernel's: see test/net/datagrams/kernel.test.ts.
  it.skipIf(place === 'epoll')(
    'trap 34: a flood is bounded by the queue, drops the newest, and is counted',
    async () => {
      const { texts, dropped } = await playIn(place, function* () {
        using one = yield* open(place)
        using other = yield* open(place, { queue: 10 })
        for (let i = 0; i < 50; i++) yield* one.send(`${i}`, other.address)
        while (other.dropped < 40) yield* sleep(1)
        const texts = (yield* other.recvMany()).map(({ data }) => String(data))
        return { texts, dropped: other.dropped }
      })

      expect(texts).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
      expect(dropped).toBe(40)
    },
  )

  it('trap 35: a peer that refuses is an error of the receive that waits, and not of the process', async () => {
    const { error, next } = await playIn(place, function* () {
      using one = yield* open(place)
      const { host, port } = yield* closedAddress(place)
      yield* one.connect(host, port)
      const receiving = yield* spawn(errorOf, one.recv())
      yield pause()
      yield* one.send('x')
      const error = yield* join(receiving)
      // The next one learns nothing of it.
      using peer = yield* open(place)
      yield* one.connect(host, peer.address.port)
      yield* peer.send('fine', one.address)
      return { error, next: String((yield* one.recv()).data) }
    })

    expect(error).toBeInstanceOf(DatagramError)
    expect(error.code).toBe('ECONNREFUSED')
    expect(error.message).toBe(
      'recv(): the peer has refused a datagram; no program receives there (ECONNREFUSED)',
    )
    expect(next).toBe('fine')
  })

  it('trap 36: a broadcast without the option says which option it needs', async () => {
    const error = await playIn(place, function* () {
      using one = yield* open(place)
      return yield* errorOf(one.send('x', { host: '255.255.255.255', port: 9 }))
    })

    expect(error.code).toBe('EACCES')
    expect(error.message).toContain('open the socket with { broadcast: true }')
  })

  it('trap 37: a second close does nothing, and a send after it is a ClosedError', async () => {
    const { errors, address } = await playIn(place, function* () {
      const one: UdpSocket = yield* open(place)
      const { address } = one
      one.close()
      one.close()
      one[Symbol.dispose]()
      const errors = [yield* errorOf(one.send('x', address)), yield* errorOf(one.recv())]
      return { errors, address: `${one.address}` === `${address}` }
    })

    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    expect(address).toBe(true)
  })
})

describe('node:dgram', () => {
  const settings = {
    host: LOOPBACK,
    port: 0,
    reuseAddress: false,
    reusePort: false,
    broadcast: false,
    receiveBuffer: 8192,
    maxSize: 65_536,
    queue: 4,
  }

  function opened(): Promise<DriverDatagrams> {
    return new Promise((resolve, reject) => {
      nodeDriver.udp?.(settings, (error, socket) => (socket === null ? reject(error) : resolve(socket)))
    })
  }

  it('a send that it refuses at once is answered with the error', async () => {
    const socket = await opened()
    const peer = socket.address
    await new Promise((resolve) => socket.connect(peer, resolve))

    const code = await new Promise((resolve) => {
      socket.send([{ data: Buffer.from('x'), to: peer }], (sent, error) => resolve([sent, codeOf(error)]))
    })
    socket.close()

    expect(code).toEqual([0, 'ERR_SOCKET_DGRAM_IS_CONNECTED'])
  })

  it('a send that is withdrawn is not answered, and stops after the datagram under way', async () => {
    const [one, other] = [await opened(), await opened()]
    const batch = ['1', '2', '3'].map((text) => ({ data: Buffer.from(text), to: other.address }))
    let answers = 0

    one.send(batch, () => answers++)()
    const received: unknown[] = []
    await until('the first has arrived', () => received.push(...(other.receive(9) ?? [])) > 0)
    for (let i = 0; i < 10; i++) await turn()

    expect(received.length).toBe(1)
    expect(other.receive(9)).toBe(null)
    expect(answers).toBe(0)
    one.close()
    other.close()
  })

  it('what arrives after the close is ignored, and an opening can be abandoned', async () => {
    const late: unknown[] = []
    const giveUp = nodeDriver.udp?.(settings, (...answer) => late.push(answer))
    giveUp?.()
    giveUp?.()
    for (let i = 0; i < 10; i++) await turn()

    expect(late.length).toBeLessThan(2)
  })
})

function codeOf(error: Error | null): string | undefined {
  return (error as { code?: string } | null)?.code
}
