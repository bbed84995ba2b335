import { networkInterfaces } from 'node:os'
import { nodeDriver } from '@bluelet/net'
import { Scheduler } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { turn } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import { conformanceSuite } from '../conformance/suite.js'
import { driverSuite } from '../driver-suite.js'

/** A scene that takes longer is cancelled: it hangs, and says where. */
const PATIENCE_MS = 4000

const sample = {
  driver: nodeDriver,
  address: '127.0.0.1',
  ipv6: Object.values(networkInterfaces())
    .flat()
    .some((one) => one?.family === 'IPv6'),
  // A label of more than 63 letters: the resolver refuses it without asking anybody.
  unknownName: `${'x'.repeat(64)}.invalid`,
  descriptors: openSockets,
}

driverSuite('node', { ...sample, turn })

conformanceSuite('node', {
  ...sample,
  // An address for documentation (RFC 5737): binding it sends nothing.
  foreignAddress: '192.0.2.1',
  // Linux: at most 32 MiB at the receiver and 4 MiB at the sender.
  moreThanBuffered: 40 * 1024 * 1024,
  quietMs: 15,
  async play(main) {
    const scheduler = new Scheduler()
    const value = await scheduler.run(main, { signal: AbortSignal.timeout(PATIENCE_MS) })
    expect(scheduler.snapshot()).toEqual([])
    return value
  },
})

describe('nodeDriver', () => {
  it('has a name', () => {
    expect(nodeDriver.name).toBe('node')
  })

  it('hands on what the resolver throws at once', async () => {
    const error = await new Promise((resolve) => {
      // Some versions of Node throw for an impossible name, too.
      nodeDriver.lookup(5 as unknown as string, resolve)
    })

    expect(error).toBeInstanceOf(TypeError)
  })

  it('listens on every address, IPv4 and IPv6, when the host is empty', async () => {
    const listener = await new Promise<import('@bluelet/net').DriverListener>((resolve, reject) => {
      nodeDriver.listen({ host: '', port: 0, backlog: 1 }, (error, made) => {
        if (made === null) reject(error)
        else resolve(made)
      })
    })

    const host = listener.address.host

    expect(['::', '0.0.0.0']).toContain(host)
    listener.close()
  })
})
