// Random plays of several tasks in random orders, against what must hold whatever the tasks do and in whatever order: promises
// 1, 4, 5, 6, 7, 11 and 14 of the design.
import { createHash } from 'node:crypto'
import type { Schedule } from '@bluelet/scheduler/testing'
import { seeded } from '@bluelet/scheduler/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { perform } from './model/plugin.js'
import { choices, type Play, plays } from './model/programs.js'

const RUNS = 10_000
/** SEED=123 repeats what a failure has named. */
const SEED = Number(process.env.SEED ?? 1)
const REPEATED = 1000

/** Makes choices from a list, and the usual one when it is exhausted: fast-check shrinks it towards that. */
function listed(list: readonly number[]): Schedule {
  let i = 0
  return { choose: (n) => (list[i++] ?? 0) % n }
}

/** Has four tasks that are ready together often, in whatever order. */
const BUSY: Play = [
  [{ act: 'send', channel: 0 }, { act: 'sleep', ms: 1 }, { act: 'receive', channel: 1 }, { act: 'pause' }],
  [{ act: 'receive', channel: 0 }, { act: 'pause' }, { act: 'send', channel: 1 }, { act: 'sleep', ms: 1 }],
  [{ act: 'hold', ms: null, acts: [{ act: 'pause' }, { act: 'sleep', ms: 1 }] }, { act: 'pause' }],
  [
    { act: 'hold', ms: 1, acts: [{ act: 'sleep', ms: 1 }] },
    { act: 'spawn', acts: [{ act: 'pause' }] },
  ],
]

function hashOf(seed: number): string {
  const { lines } = perform(BUSY, seeded(seed))
  return createHash('sha1').update(lines.join('\n')).digest('hex')
}

describe('a play of several tasks', () => {
  const { stackTraceLimit } = Error
  beforeAll(() => {
    // Every kill makes an error, whose stack nobody looks at.
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it('keeps every promise, whatever its tasks do and in whatever order', () => {
    let tried = 0
    let steps = 0
    const property = fc.property(plays, choices, (play, list) => {
      const review = perform(play, listed(list))
      tried++
      steps += review.steps
      expect(review.complaints).toEqual([])
    })

    fc.assert(property, { numRuns: RUNS, seed: SEED })

    record({
      what: 'model runs',
      tried,
      failed: 0,
      detail: `${steps} steps of random tasks from seed ${SEED}`,
    })
  }, 60_000)
})

describe('a seed', () => {
  it('gives the same trace each time', () => {
    const seeds = Array.from({ length: REPEATED }, (_, i) => SEED + i)

    const first = seeds.map(hashOf)
    const second = seeds.map(hashOf)

    expect(second).toEqual(first)
    record({
      what: 'traces repeated',
      tried: seeds.length,
      failed: 0,
      detail: `two runs each, from seed ${SEED}`,
    })
  })

  it('gives another trace than other seeds', () => {
    const hashes = new Set(Array.from({ length: 10 }, (_, i) => hashOf(SEED + i)))

    expect(hashes.size).toBe(10)
  })
})
