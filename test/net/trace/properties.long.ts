// The causes of random programs on recorded networks, for 100 seeds each: in memory, and on the
// drivers of the real network.
import { nodeDriver } from '@bluelet/net/driver'
import { Simulation } from '@bluelet/net/testing'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { faultsOf, readsOf, recordedProgram } from './properties.js'

const SEEDS = 100
const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1)

describe('a recorded network in memory', () => {
  const networks = {
    'a fast one': {},
    'with shuffled steps': { shuffle: true },
    'that cuts packets': { fragment: true, latency: [0, 5] as const },
    'with small buffers': { buffer: 2048, latency: [0, 3] as const },
    'with all of that': { shuffle: true, fragment: true, buffer: 2048, latency: [0, 7] as const },
  }

  it.each(Object.entries(networks))('gives each read its origin: %s', async (_name, options) => {
    let reads = 0
    for (const seed of seeds) {
      const trace = await recordedProgram(new Simulation({ seed, ...options }), seed)
      reads += readsOf(trace)
      expect(faultsOf(trace)).toEqual([])
    }

    expect(reads).toBeGreaterThan(SEEDS)
  })
})

const epoll = epollDriver()

describe.each([nodeDriver, ...(epoll instanceof Error ? [] : [epoll])])(
  'a recorded network of the $name driver',
  (driver) => {
    it('gives each read its origin', async () => {
      let reads = 0
      for (const seed of seeds) {
        const trace = await recordedProgram({ ...defaultHost, driver }, seed)
        reads += readsOf(trace)
        expect(faultsOf(trace, driver !== nodeDriver)).toEqual([])
      }

      expect(reads).toBeGreaterThan(SEEDS)
    })
  },
)
