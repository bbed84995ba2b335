// What is read from the trace of a recorded network: whose bytes made a task run, and how many are
// on their way.
import { Simulation } from '@bluelet/net/testing'
import { lint, stateAt, steps, type Trace, why, whyChain } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { recordedProgram } from './properties.js'

const SEEDS = 3

/** The traces of random programs on poor networks. */
async function traces(): Promise<Trace[]> {
  const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1)
  return await Promise.all(
    seeds.map((seed) =>
      recordedProgram(new Simulation({ seed, fragment: seed % 2 === 0, latency: [0, seed] }), seed),
    ),
  )
}

describe('why', () => {
  it('leads from each read to the step that sent the bytes', async () => {
    const reads = (await traces()).flatMap((trace) =>
      steps(trace).flatMap(({ n, co }) => {
        const reason = why(trace, n)
        return reason.kind === 'read' ? [{ ...reason, co }] : []
      }),
    )

    expect(reads.length).toBeGreaterThan(SEEDS)
    const wrong = reads.filter(({ step, task, n, co, text }) => {
      const told = / ran because \d+ bytes? arrived that .+#\d+ sent in step \d+$/.test(text)
      return !told || step === null || step >= n || task === co
    })
    expect(wrong).toEqual([])
  })

  it('ends at a root, at a time, or outside', async () => {
    for (const trace of await traces()) {
      const ends = new Set(steps(trace).map(({ n }) => whyChain(trace, n).at(-1)?.kind))

      expect([...ends].filter((kind) => kind === 'unknown')).toEqual([])
    }
  })
})

describe('stateAt', () => {
  it('never has fewer bytes written to a connection than the other end has read', async () => {
    for (const trace of await traces()) {
      const seen = trace.events.flatMap(({ n }) => (n % 10 === 0 ? stateAt(trace, n).resources : []))
      const pairs = trace.events.flatMap(({ n }) => {
        if (n % 10 !== 0) return []
        const { resources } = stateAt(trace, n)
        return resources.map(
          ({ peer, written }) => written - (resources.find(({ id }) => id === peer)?.read ?? 0),
        )
      })

      expect(Math.min(...pairs)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...seen.map(({ inFlight }) => inFlight ?? 0))).toBeGreaterThan(0)
    }
  })

  it('has no task left in the end', async () => {
    for (const trace of await traces()) {
      const { tasks, ready, running } = stateAt(trace, trace.events.at(-1)?.n ?? 0)

      expect({ tasks, ready, running }).toEqual({ tasks: [], ready: [], running: null })
    }
  })
})

describe('lint', () => {
  it('finds nothing in programs that are right', async () => {
    for (const trace of await traces()) expect(lint(trace)).toEqual([])
  })
})
