// The causes of random programs on a recorded network in memory: a sample. All of it is in
// properties.long.ts.
import { Simulation } from '@bluelet/net/testing'
import { recordNetwork } from '@bluelet/net/trace'
import { Scheduler } from '@bluelet/scheduler'
import { record } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { faultsOf, program, readsOf, recordedProgram } from './properties.js'

const SEEDS = 5

/** A poor network, and chosen orders of steps. */
function world(seed: number): Simulation {
  return new Simulation({ seed, shuffle: seed % 2 === 0, fragment: seed % 3 === 0, latency: [0, seed % 5] })
}

describe('a recorded network in memory', () => {
  it('gives each read its origin, at the right place of the stream', async () => {
    let reads = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const trace = await recordedProgram(world(seed), seed)
      reads += readsOf(trace)
      expect(faultsOf(trace)).toEqual([])
    }

    expect(reads).toBeGreaterThan(SEEDS)
  })

  it('changes no step', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { host, network } = recordNetwork(world(seed))
      const schedulers = [new Scheduler({ host: world(seed) }), new Scheduler({ host })] as const
      const [alone, recorded] = schedulers.map((scheduler) => {
        const steps: string[] = []
        scheduler.attach({ resume: (task, how) => void steps.push(`${task} ${how}, ${scheduler.now()}`) })
        return steps
      })
      record(schedulers[1], { network })

      for (const scheduler of schedulers) await scheduler.run(() => program(seed))

      expect(recorded).toEqual(alone)
    }
  })
})
