// What a simulated network does to datagrams: it loses, duplicates and delays them, by the choices
// of its schedule.
import { DatagramError, ListenError, type UdpSocket, udp } from '@bluelet/net'
import {
  type DatagramNetworkOptions,
  type OperationKind,
  Simulation,
  type SimulationOptions,
} from '@bluelet/net/testing'
import { type Coroutine, kill, pause, run, sleep, spawn, timeout } from '@bluelet/scheduler'
import { everySchedule, ScheduleError } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { errorOf, perform } from '../world.js'

const TEXTS = Array.from({ length: 50 }, (_, i) => `${i}`)

/** Runs a scenario with two sockets of one network. */
function between<T>(
  options: SimulationOptions,
  main: (one: UdpSocket, other: UdpSocket) => Coroutine<T>,
): Promise<T> {
  return run(
    function* () {
      using one = yield* udp({ host: '127.0.0.1' })
      using other = yield* udp({ host: '127.0.0.1' })
      return yield* main(one, other)
    },
    { host: new Simulation(options) },
  )
}

/** Which of the texts arrive. */
function arrivals(
  datagrams: DatagramNetworkOptions,
  { texts = TEXTS, seed = 1 }: { texts?: readonly string[]; seed?: number } = {},
): Promise<{ texts: string[]; dropped: number }> {
  return between({ datagrams, seed }, function* (one, other) {
    yield* one.sendMany(texts.map((data) => ({ data, to: other.address })))
    yield* sleep(1000)
    const got: string[] = []
    const receiving = yield* spawn(function* () {
      while (true) got.push(...(yield* other.recvMany()).map(({ data }) => String(data)))
    })
    yield* sleep(1)
    yield* kill(receiving)
    return { texts: got, dropped: other.dropped }
  })
}

describe('datagrams of a simulated network', () => {
  it('all arrive, once and in order, unless it is told otherwise', async () => {
    expect(await arrivals({})).toEqual({ texts: TEXTS, dropped: 0 })
  })

  it('are lost in the share that it is told', async () => {
    const { texts, dropped } = await arrivals({ loss: 0.3 })

    expect(texts.length).toBeGreaterThan(25)
    expect(texts.length).toBeLessThan(45)
    expect(dropped).toBe(0)
    expect((await arrivals({ loss: 1 })).texts).toEqual([])
  })

  it('arrive twice in the share that it is told', async () => {
    const { texts } = await arrivals({ duplicate: 0.2 })

    expect(texts.length).toBeGreaterThan(52)
    expect(texts.length).toBeLessThan(70)
    expect([...new Set(texts)]).toEqual(TEXTS)
    expect((await arrivals({ duplicate: 1, queue: 200 })).texts.length).toBe(100)
  })

  it('overtake each other', async () => {
    const { texts } = await arrivals({ reorder: [0, 20] })

    expect(texts).not.toEqual(TEXTS)
    expect([...texts].sort()).toEqual([...TEXTS].sort())
  })

  it('that are longer than the mtu are lost', async () => {
    const texts = ['x'.repeat(100), 'y'.repeat(101), 'z']

    expect((await arrivals({ mtu: 100 }, { texts })).texts).toEqual([texts[0], 'z'])
  })

  it('beyond the queue are dropped, the newest first, and counted', async () => {
    expect(await arrivals({ queue: 2 })).toEqual({ texts: ['0', '1'], dropped: 48 })
  })

  it('have the same fate with the same seed, and another one with another seed', async () => {
    const options = { loss: 0.2, duplicate: 0.2, reorder: [0, 9] } as const
    const first = await arrivals(options, { seed: 7 })

    expect(await arrivals(options, { seed: 7 })).toEqual(first)
    expect(await arrivals(options, { seed: 8 })).not.toEqual(first)
  })

  it('are lost by the schedule, so that an exploration finds what a loss breaks', async () => {
    const exploring = everySchedule(
      () =>
        (function* () {
          using one = yield* udp({ host: '127.0.0.1' })
          using other = yield* udp({ host: '127.0.0.1' })
          yield* one.send('request', other.address)
          yield* timeout(100, other.recv())
        })(),
      { world: (schedule) => new Simulation({ schedule, datagrams: { loss: 0.5 } }) },
    )

    await expect(exploring).rejects.toThrow(ScheduleError)
    await expect(exploring).rejects.toThrow(/TimeoutError/)
  })

  it.each([
    [{ loss: 2 }, 'datagrams: loss: expected a share from 0 to 1, got 2'],
    [{ duplicate: Number.NaN }, 'datagrams: duplicate: expected a share from 0 to 1, got NaN'],
    [{ reorder: [5, 1] }, 'datagrams: reorder: expected [min, max] in ms >= 0, got [5,1]'],
    [{ mtu: 0 }, 'datagrams: mtu: expected a positive integer, got 0'],
    [{ queue: 1.5 }, 'datagrams: queue: expected a positive integer, got 1.5'],
  ] as const)('need valid options: %j', (datagrams, message) => {
    expect(() => new Simulation({ datagrams })).toThrow(new RangeError(message))
  })
})

describe('faults of datagrams in a simulated network', () => {
  it('of an opening, a connect, a send and a receive are errors at the yield', async () => {
    const codes: { [kind in OperationKind]?: string } = {}
    const errors = await between({ fault: ({ kind }) => codes[kind] }, function* (one, other) {
      const errors = []
      const { host, port } = other.address
      codes.bind = 'EACCES'
      errors.push(yield* errorOf(udp()))
      codes.connect = 'ENETUNREACH'
      errors.push(yield* errorOf(one.connect(host, port)))
      codes.send = 'EPERM'
      errors.push(yield* errorOf(one.send('x', other.address)))
      codes.receive = 'EIO'
      errors.push(yield* errorOf(other.recv()))
      return errors
    })

    expect(errors.map(({ code }) => code)).toEqual(['EACCES', 'ENETUNREACH', 'EPERM', 'EIO'])
    expect(errors[0]).toBeInstanceOf(ListenError)
    expect(errors[2]).toBeInstanceOf(DatagramError)
  })

  it('that only interrupt are tried again, and can be withdrawn', async () => {
    let interrupted = 0
    const fault = ({ kind }: { kind: string }): string | undefined =>
      (kind === 'send' || kind === 'receive') && interrupted++ % 2 === 0 ? 'EINTR' : undefined
    const text = await between({ fault }, function* (one, other) {
      const victim = yield* spawn(perform, one.send('never', other.address))
      yield pause()
      yield* kill(victim)
      interrupted = 0
      yield* one.send('x', other.address)
      yield* sleep(10)
      interrupted = 0
      return String((yield* other.recv()).data)
    })

    expect(text).toBe('x')
  })
})

describe('groups of a simulated network', () => {
  it('and broadcasts reach every member; a member joins once', async () => {
    const outcome = await run(
      function* () {
        using one = yield* udp({ host: '0.0.0.0', broadcast: true, reuseAddress: true })
        using other = yield* udp({ host: '0.0.0.0', port: one.address.port, reuseAddress: true })
        one.join('239.1.2.3')
        other.join('239.1.2.3')
        expect(() => other.join('239.1.2.3')).toThrow(/EADDRINUSE/)
        one.loopback = false
        const { port } = one.address
        yield* one.send('to the group', { host: '239.1.2.3', port })
        yield* one.send('to all', { host: '255.255.255.255', port })
        yield* sleep(10)
        const got = (yield* other.recvMany()).map(({ data }) => String(data))
        const own = yield* errorOf(timeout(10, one.recv()))
        return [...got, own.name]
      },
      { host: new Simulation() },
    )

    expect(outcome).toEqual(['to the group', 'to all', 'TimeoutError'])
  })
})
