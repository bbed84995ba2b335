// What the simulated network shows of its packets, for viewers.
import { connect, listen, udp } from '@bluelet/net'
import {
  type Packet,
  type PacketChange,
  Simulation,
  type SimulationOptions,
  simulate,
} from '@bluelet/net/testing'
import { type Coroutine, sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { abort, pair } from '../../simulated-pair.js'

/** Runs a program, and gives what was told of its packets. */
async function packetsOf(
  program: (world: Simulation) => Coroutine<unknown>,
  options: SimulationOptions = {},
): Promise<string[]> {
  const told: string[] = []
  await simulate(function* main(world) {
    world.network.onPacket((event, { id, from, to, bytes }) => {
      told.push(`${world.now()}: ${id} ${event}, ${from} > ${to}, ${bytes} bytes`)
    })
    yield* program(world)
  }, options)
  return told
}

describe('onPacket', () => {
  it('tells when each packet is sent and when it arrives', async () => {
    const told = await packetsOf(function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('127.0.0.1', 4915)
      const conn = yield* listener.accept()
      yield* client.sendall('four')
      yield* conn.readexactly(4)
      listener.close()
      abort({ client, server: conn })
      yield* sleep(5)
    })

    expect(told).toMatchInlineSnapshot(`
      [
        "1: 1 sent, 127.0.0.1:49152 > 127.0.0.1:4915, 0 bytes",
        "2: 1 arrived, 127.0.0.1:49152 > 127.0.0.1:4915, 0 bytes",
        "2: 2 sent, 127.0.0.1:4915 > 127.0.0.1:49152, 0 bytes",
        "3: 2 arrived, 127.0.0.1:4915 > 127.0.0.1:49152, 0 bytes",
        "3: 3 sent, 127.0.0.1:49152 > 127.0.0.1:4915, 0 bytes",
        "4: 3 arrived, 127.0.0.1:49152 > 127.0.0.1:4915, 0 bytes",
        "4: 4 sent, 127.0.0.1:49152 > 127.0.0.1:4915, 4 bytes",
        "5: 4 arrived, 127.0.0.1:49152 > 127.0.0.1:4915, 4 bytes",
        "5: 5 sent, 127.0.0.1:49152 > 127.0.0.1:4915, 0 bytes",
        "5: 6 sent, 127.0.0.1:4915 > 127.0.0.1:49152, 0 bytes",
        "6: 5 arrived, 127.0.0.1:49152 > 127.0.0.1:4915, 0 bytes",
        "6: 6 arrived, 127.0.0.1:4915 > 127.0.0.1:49152, 0 bytes",
      ]
    `)
  })

  it('tells of datagrams that arrive and of those that are lost', async () => {
    const told = await packetsOf(
      function* () {
        const one = yield* udp({ host: '127.0.0.1', port: 4000 })
        const other = yield* udp({ host: '127.0.0.1', port: 5000 })
        for (const data of ['here', 'too long']) yield* one.send(data, other.address)
        yield* other.recv()
        yield* one.send('x', { host: '127.0.0.1', port: 6000 })
        yield* sleep(5)
        for (const each of [one, other]) each.close()
      },
      { datagrams: { mtu: 4 } },
    )

    expect(told).toMatchInlineSnapshot(`
      [
        "0: 1 sent, 127.0.0.1:4000 > 127.0.0.1:5000, 4 bytes",
        "0: 2 sent, 127.0.0.1:4000 > 127.0.0.1:5000, 8 bytes",
        "0: 2 lost, 127.0.0.1:4000 > 127.0.0.1:5000, 8 bytes",
        "1: 1 arrived, 127.0.0.1:4000 > 127.0.0.1:5000, 4 bytes",
        "1: 3 sent, 127.0.0.1:4000 > 127.0.0.1:6000, 1 bytes",
        "2: 3 arrived, 127.0.0.1:4000 > 127.0.0.1:6000, 1 bytes",
        "2: 4 sent, 127.0.0.1:6000 > 127.0.0.1:4000, 0 bytes",
        "3: 4 arrived, 127.0.0.1:6000 > 127.0.0.1:4000, 0 bytes",
      ]
    `)
  })

  it('tells of datagrams that overtake each other', async () => {
    const told = await packetsOf(
      function* () {
        const one = yield* udp({ host: '127.0.0.1', port: 4000 })
        const other = yield* udp({ host: '127.0.0.1', port: 5000 })
        for (const data of ['1', '22', '333']) yield* one.send(data, other.address)
        for (let i = 0; i < 3; i++) yield* other.recv()
        for (const each of [one, other]) each.close()
      },
      { datagrams: { reorder: [0, 5] }, seed: 2 },
    )

    expect(told).toMatchInlineSnapshot(`
      [
        "0: 1 sent, 127.0.0.1:4000 > 127.0.0.1:5000, 1 bytes",
        "0: 2 sent, 127.0.0.1:4000 > 127.0.0.1:5000, 2 bytes",
        "0: 3 sent, 127.0.0.1:4000 > 127.0.0.1:5000, 3 bytes",
        "2: 2 arrived, 127.0.0.1:4000 > 127.0.0.1:5000, 2 bytes",
        "2: 3 arrived, 127.0.0.1:4000 > 127.0.0.1:5000, 3 bytes",
        "5: 1 arrived, 127.0.0.1:4000 > 127.0.0.1:5000, 1 bytes",
      ]
    `)
  })

  it('stops when it is told to, and calls a function as often as it was passed', async () => {
    let calls = 0
    const listener = () => void calls++

    await simulate(function* ({ network }) {
      const stops = [network.onPacket(listener), network.onPacket(listener)]
      const socket = yield* udp({ host: '127.0.0.1', port: 4000 })
      yield* socket.send('x', socket.address)
      stops[0]?.()
      yield* socket.recv()
      stops[1]?.()
      yield* socket.send('x', socket.address)
      socket.close()
    })

    expect(calls).toBe(3)
  })

  it('refuses what is no function', () => {
    const { network } = new Simulation()

    expect(() => network.onPacket({} as never)).toThrow(
      new TypeError('onPacket(listener): expected a function, got an object (Object)'),
    )
  })
})

describe('inFlight', () => {
  it('shows the packets between two ends, until they arrive or are lost', async () => {
    const seen: (readonly Packet[])[] = []
    const lost: [PacketChange, number][] = []

    await simulate(
      function* ({ network }) {
        const { client, server } = yield* pair()
        const [link] = network.links
        network.onPacket((event, { bytes }) => void lost.push([event, bytes]))
        yield* client.sendall('abc')
        yield* server.sendall('de')
        yield* sleep(1)
        seen.push(link?.inFlight ?? [])
        yield* sleep(10)
        seen.push(link?.inFlight ?? [])
        yield* client.sendall('lost')
        yield* sleep(1)
        link?.reset()
        seen.push(link?.inFlight ?? [])
        abort({ client, server })
      },
      { latency: 5 },
    )

    const begin = seen[0]?.[0]?.sent ?? 0
    expect(
      seen.map((packets) => packets.map(({ bytes, sent, due }) => [bytes, sent - begin, due - sent])),
    ).toEqual([
      [
        [3, 0, 5],
        [2, 0, 5],
      ],
      [],
      [],
    ])
    expect(lost).toContainEqual(['lost', 4])
  })
})
