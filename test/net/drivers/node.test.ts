import { nodeDriver } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { turn } from '../../support/deadline.js'
import { leavesNothingOpen, openSockets } from '../../support/leaks.js'
import { driverSuite } from '../driver-suite.js'

leavesNothingOpen()

driverSuite('node', {
  driver: nodeDriver,
  address: '127.0.0.1',
  // A label of more than 63 letters: the resolver refuses it without asking anybody.
  unknownName: `${'x'.repeat(64)}.invalid`,
  turn,
  descriptors: openSockets,
})

describe('nodeDriver', () => {
  it('has a name', () => {
    expect(nodeDriver.name).toBe('node')
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
