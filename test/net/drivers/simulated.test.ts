import { Simulation } from '@bluelet/net/testing'
import { describe, expect, it } from 'vitest'
import { turn } from '../../support/deadline.js'
import { driverSuite } from '../driver-suite.js'

const { network } = new Simulation()

driverSuite('simulated', {
  driver: network,
  address: '127.0.0.1',
  unknownName: 'nowhere.invalid',
  turn,
  descriptors: () => network.descriptors,
})

describe('SimulatedNetwork', () => {
  it('has a name', () => {
    expect(network.name).toBe('simulated')
  })
})
