// Runs the conformance suite on a network in memory.
import { Simulation, type SimulationOptions } from '@bluelet/net/testing'
import { Scheduler } from '@bluelet/scheduler'
import { expect } from 'vitest'
import type { ConformanceSample } from '../../conformance/sample.js'
import { conformanceSuite } from '../../conformance/suite.js'

const FOREIGN = '192.0.2.1'

/** Runs the conformance suite on a simulated network. */
export function simulatedConformance(name: string, options: SimulationOptions): void {
  conformanceSuite(
    name,
    simulatedSample(new Simulation({ ...options, addresses: { [FOREIGN]: 'EHOSTUNREACH' } })),
  )
}

/** The network of a simulation. */
export function simulatedSample(host: Simulation): ConformanceSample {
  return {
    driver: host.network,
    address: '127.0.0.1',
    ipv6: true,
    foreignAddress: FOREIGN,
    unknownName: 'nowhere.invalid',
    moreThanBuffered: 512 * 1024,
    quietMs: 100,
    descriptors: () => host.network.descriptors,
    async play(main) {
      const scheduler = new Scheduler({ host, sites: false })
      const value = await scheduler.run(main)
      expect(scheduler.snapshot()).toEqual([])
      return value
    },
  }
}
