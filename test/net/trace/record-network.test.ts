// What is recorded of a network: every read with the write that it comes from.
import { connect, listen, server, udp } from '@bluelet/net'
import type { NetworkHost } from '@bluelet/net/driver'
import { Simulation, type SimulationOptions } from '@bluelet/net/testing'
import { recordNetwork } from '@bluelet/net/trace'
import { type Coroutine, group, Scheduler, spawn } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { errorOf } from '../world.js'
import { type Entry, KeepingLog } from './log.js'

/** Runs a program in a simulated network that is recorded. */
function recorded(main: () => Coroutine<unknown>, options: SimulationOptions = {}): Promise<KeepingLog> {
  return recordedOn(new Simulation(options), main)
}

async function recordedOn(world: Simulation, main: () => Coroutine<unknown>): Promise<KeepingLog> {
  const { host, network } = recordNetwork(world)
  const log = new KeepingLog()
  network.attach(log)
  await new Scheduler({ host }).run(main)
  expect(log.depth).toBe(0)
  return log
}

/** The text of each read, and of the write that it comes from. */
function origins(log: KeepingLog): string[] {
  return log.of('read').map(({ value, cause }) => {
    const origin = cause === null ? undefined : log.entries[cause as number]
    return `${value} <- ${origin === undefined ? 'outside' : `${origin.op} ${origin.value}`}`
  })
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + (bytes as number), 0)
}

describe('recordNetwork', () => {
  it('joins each read to the write of its last byte', async () => {
    const log = await recorded(function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('localhost', 4915)
      const conn = yield* listener.accept()
      yield* client.sendall('one')
      yield* client.sendall('two')
      yield* conn.readexactly(4)
      yield* conn.sendall('answer')
      yield* client.readexactly(6)
      yield* client.sendall('three')
      yield* conn.readexactly(7)
      for (const each of [client, conn, listener]) each.close()
    })

    expect(origins(log)).toMatchInlineSnapshot(`
      [
        "onetwo <- write two",
        "answer <- write answer",
        "three <- write three",
      ]
    `)
  })

  it('writes connects, accepts and ends with their causes', async () => {
    const log = await recorded(function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('localhost', 4915)
      const conn = yield* listener.accept()
      yield* client.sendall('x')
      client.close()
      yield* conn.readall()
      conn.close()
      listener.close()
    })

    expect(log.entries.filter(({ e }) => e !== 'packet')).toMatchInlineSnapshot(`
      [
        {
          "at": "[::]:4915",
          "e": "res",
          "n": 0,
          "op": "listen",
          "res": 1,
        },
        {
          "at": "127.0.0.1:4915",
          "e": "res",
          "n": 2,
          "op": "connect",
          "res": 2,
        },
        {
          "bytes": 0,
          "cause": 2,
          "e": "io",
          "made": undefined,
          "n": 7,
          "op": "connected",
          "res": 2,
          "value": undefined,
        },
        {
          "at": "127.0.0.1:4915 - 127.0.0.1:49152",
          "e": "res",
          "n": 9,
          "op": "made",
          "res": 3,
        },
        {
          "bytes": 0,
          "cause": 2,
          "e": "io",
          "made": 3,
          "n": 10,
          "op": "accept",
          "res": 1,
          "value": undefined,
        },
        {
          "bytes": 1,
          "cause": null,
          "e": "io",
          "made": undefined,
          "n": 11,
          "op": "write",
          "res": 2,
          "value": "x",
        },
        {
          "at": undefined,
          "e": "res",
          "n": 13,
          "op": "close",
          "res": 2,
        },
        {
          "bytes": 1,
          "cause": 11,
          "e": "io",
          "made": undefined,
          "n": 17,
          "op": "read",
          "res": 3,
          "value": "x",
        },
        {
          "bytes": 0,
          "cause": 13,
          "e": "io",
          "made": undefined,
          "n": 20,
          "op": "end",
          "res": 3,
          "value": undefined,
        },
        {
          "at": undefined,
          "e": "res",
          "n": 21,
          "op": "close",
          "res": 3,
        },
        {
          "at": undefined,
          "e": "res",
          "n": 24,
          "op": "close",
          "res": 1,
        },
      ]
    `)
    expect(log.told).toMatchInlineSnapshot(`
      [
        [
          2,
          "writable",
        ],
        [
          1,
          "accept",
        ],
        [
          2,
          "closed",
        ],
        [
          3,
          "read",
        ],
        [
          3,
          "read",
        ],
        [
          3,
          "closed",
        ],
      ]
    `)
  })

  it('follows pieces, pipelined lines and half-closed connections on a poor network', async () => {
    const log = await recorded(
      function* () {
        yield* spawn(
          server('', 4915, function* (conn) {
            for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline()) {
              yield* conn.sendall(line)
            }
            yield* conn.sendall('end')
          }),
        )
        yield* group(function* (g) {
          for (const name of ['a', 'b', 'c']) {
            yield* g.spawn(function* () {
              const conn = yield* connect('localhost', 4915)
              yield* conn.sendall(`${name}1\n${name}2\n`)
              yield* conn.sendall(`${name}3\n`)
              conn.shutdown()
              yield* conn.readall()
              conn.close()
            })
          }
        })
      },
      { fragment: true, latency: [0, 5], seed: 3 },
    )

    const reads = log.of('read')
    const written = (entry: Entry | undefined) => entry?.op === 'write' && entry.n < (reads.at(-1)?.n ?? 0)
    expect(reads.map(({ cause }) => log.entries[cause as number]).every(written)).toBe(true)
    expect(bytesOf(reads)).toBe(bytesOf(log.of('write')))
    expect(log.of('end').map(({ cause }) => log.entries[cause as number]?.op)).toEqual([
      ...['shutdown', 'shutdown', 'shutdown', 'close', 'close', 'close'],
    ])
  })

  it('writes a reset, and what it causes', async () => {
    const log = await recorded(function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('localhost', 4915)
      const conn = yield* listener.accept()
      client.abort()
      yield* errorOf(conn.recv())
      yield* errorOf(conn.recv())
      conn.close()
      listener.close()
    })

    const [failed, ...others] = log.of('failed')
    expect(log.entries[failed?.cause as number]).toMatchObject({ e: 'res', op: 'reset' })
    expect(String(failed?.value)).toContain('ECONNRESET')
    expect(others).toEqual([])
  })

  it('writes a failed connect', async () => {
    const log = await recorded(function* () {
      yield* errorOf(connect('127.0.0.1', 4915))
    })

    expect(log.of('failed')).toMatchObject([{ cause: null }])
    expect(log.told.map(([, op]) => op)).toContain('failed')
  })

  it('joins datagrams by their bytes', async () => {
    const log = await recorded(function* () {
      const one = yield* udp({ host: '127.0.0.1', port: 4000 })
      const other = yield* udp({ port: 5000 })
      yield* one.send('first', { host: '127.0.0.1', port: 5000 })
      yield* other.recv()
      yield* one.connect('127.0.0.1', 5000)
      yield* one.send('second')
      yield* other.recv()
      yield* errorOf(one.connect('nowhere.invalid', 1))
      for (const each of [one, other, one]) each.close()
    })

    expect(origins(log)).toEqual(['first <- write first', 'second <- write second'])
    expect(log.entries.filter(({ e }) => e === 'res').map(({ op, at }) => `${op} ${at ?? ''}`)).toEqual([
      ...['made udp 127.0.0.1:4000', 'made udp [::]:5000', 'close ', 'close '],
    ])
  })

  it('says of which socket an object is', async () => {
    const { host, network } = recordNetwork(new Simulation())
    const log = new KeepingLog()

    await new Scheduler({ host }).run(function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('localhost', 4915)
      const conn = yield* listener.accept()
      const socket = yield* udp({ port: 0 })
      expect(network.resourceOf(conn)).toBe(undefined)
      const detach = network.attach(log)
      const ids = [listener, client, conn, socket, conn].map((object) => network.resourceOf(object))
      expect(ids).toEqual([1, 2, 3, 4, 3])
      expect(network.resourceOf({})).toBe(undefined)
      expect(network.resourceOf(new Simulation())).toBe(undefined)
      detach()
      detach()
      network.attach(new KeepingLog())
      expect(network.resourceOf(conn)).toBe(1)
      for (const each of [client, conn, listener, socket]) each.close()
    })

    expect(log.entries.map(({ op, at }) => `${op} ${at}`)).toEqual([
      'made [::]:4915',
      'made 127.0.0.1:49152 - 127.0.0.1:4915',
      'made 127.0.0.1:4915 - 127.0.0.1:49152',
      'made udp [::]:49152',
    ])
  })

  it('begins in the middle of a run, and again: what was before has no cause', async () => {
    const { host, network } = recordNetwork(new Simulation())
    const logs = [new KeepingLog(), new KeepingLog()] as const

    await new Scheduler({ host }).run(function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('localhost', 4915)
      const conn = yield* listener.accept()
      const datagrams = yield* udp({ port: 5000 })
      yield* client.sendall('before')
      yield* datagrams.send('before', { host: '127.0.0.1', port: 5000 })
      yield* conn.readexactly(6)
      yield* datagrams.recv()
      for (const log of logs) {
        yield* client.sendall('0')
        const detach = network.attach(log)
        yield* conn.readexactly(1)
        yield* client.sendall('one')
        yield* conn.readexactly(3)
        yield* datagrams.send('two', { host: '127.0.0.1', port: 5000 })
        yield* datagrams.recv()
        detach()
      }
      client.close()
      yield* conn.readall()
      for (const each of [conn, listener, datagrams]) each.close()
    })

    for (const log of logs) {
      expect(origins(log)).toEqual(['0 <- outside', 'one <- write one', 'two <- write two'])
      expect(log.entries.find(({ e }) => e !== 'packet')).toMatchObject({ op: 'made' })
    }
  })

  it('takes for outside what comes from sockets that are not recorded', async () => {
    const world = new Simulation()
    const log = await recordedOn(world, function* () {
      const listener = yield* listen('', 4915)
      const client = yield* connect('localhost', 4915, { driver: world.driver })
      const conn = yield* listener.accept()
      yield* client.sendall('x')
      yield* conn.recv()
      for (const each of [client, conn, listener]) each.close()
    })

    expect(origins(log)).toEqual(['x <- outside'])
    expect(log.of('accept')).toMatchObject([{ cause: null }])
  })

  it('is a host of the same kind', () => {
    const world = new Simulation()
    const { host } = recordNetwork(world)

    host.report(new Error('mine'))

    expect(host).toBeInstanceOf(Simulation)
    expect(host.reports).toEqual([new Error('mine')])
    expect(host.driver.name).toBe('simulated')
    expect(host.driver.links).toEqual([])
  })

  it('reads and sets what may change in the host itself', () => {
    const original = { ...new Simulation(), driver: new Simulation().driver, count: 1 }

    const { host } = recordNetwork(
      Object.assign(original, { now: () => 0 }) as never as NetworkHost & typeof original,
    )
    host.count++
    original.count++

    expect(host.count).toBe(3)
  })

  it.each([
    ['nothing', undefined, 'recordNetwork(host): expected a host, got undefined'],
    ['a scheduler', new Scheduler(), 'expected a host with a driver'],
    ['a host without a driver', new VirtualHost(), 'got undefined as its driver'],
  ])('refuses %s', (_what, host, message) => {
    expect(() => recordNetwork(host as never)).toThrow(message)
  })

  it('refuses a second recording at the same time, and what is no log', () => {
    const { network } = recordNetwork(new Simulation())

    expect(() => network.attach({} as never)).toThrow(
      'expected the log of a recording, got an object (Object)',
    )
    network.attach(new KeepingLog())
    expect(() => network.attach(new KeepingLog())).toThrow('this network is being recorded already')
  })
})
