// Random programs of several tasks in random orders, against what must hold whatever the tasks do
// and in whatever order: promises 1, 4, 5, 6, 7, 11 and 14.
import { createHash } from 'node:crypto'
import { type Schedule, seeded } from '@bluelet/scheduler/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itHolds, report, SEED, type Tally, tryRandom, withoutStacks } from '../harness.js'
import { runProgram } from './plugin.js'
import { choices, type Program, programs } from './programs.js'

const RUNS = 10_000
const REPEATED = 1000

/** Has four tasks that are ready together often, in whatever order. */
const BUSY: Program = [
  [
    { kind: 'send', channel: 0 },
    { kind: 'sleep', ms: 1 },
    { kind: 'receive', channel: 1 },
    { kind: 'pause' },
  ],
  [
    { kind: 'receive', channel: 0 },
    { kind: 'pause' },
    { kind: 'send', channel: 1 },
    { kind: 'sleep', ms: 1 },
  ],
  [{ kind: 'hold', ms: null, actions: [{ kind: 'pause' }, { kind: 'sleep', ms: 1 }] }, { kind: 'pause' }],
  [
    { kind: 'hold', ms: 1, actions: [{ kind: 'sleep', ms: 1 }] },
    { kind: 'spawn', actions: [{ kind: 'pause' }] },
  ],
]

export function describeModel(oneIn: number): void {
  describe('a program of several tasks', () => {
    withoutStacks()
    let steps = 0

    function trial([program, list]: [Program, readonly number[]]): Tally {
      const run = runProgram(program, listed(list))
      steps += run.steps
      return { tried: 1, failed: Math.min(run.complaints.length, 1), problems: run.complaints }
    }

    itHolds(
      'keeps every promise, whatever its tasks do and in whatever order',
      () => tryRandom(fc.tuple(programs, choices), trial, { runs: RUNS / oneIn, text: fc.stringify }),
      () => ({ what: 'model runs', detail: `${steps} steps of random tasks from seed ${SEED}` }),
      oneIn,
    )
  })

  describe('a seed', () => {
    it('gives the same trace each time', () => {
      const seeds = Array.from({ length: REPEATED / oneIn }, (_, i) => SEED + i)

      const first = seeds.map(hashOf)
      const second = seeds.map(hashOf)

      expect(second).toEqual(first)
      report(
        {
          what: 'traces repeated',
          tried: seeds.length,
          failed: 0,
          detail: `two runs each, from seed ${SEED}`,
        },
        oneIn,
      )
    })

    it('gives another trace than other seeds', () => {
      const hashes = new Set(Array.from({ length: 10 }, (_, i) => hashOf(SEED + i)))

      expect(hashes.size).toBe(10)
    })
  })
}

/**
 * Makes choices from a list, and the usual one when it is exhausted: fast-check shrinks it towards
 * that.
 */
function listed(list: readonly number[]): Schedule {
  let i = 0
  return { choose: (n) => (list[i++] ?? 0) % n }
}

function hashOf(seed: number): string {
  const { lines } = runProgram(BUSY, seeded(seed))
  return createHash('sha1').update(lines.join('\n')).digest('hex')
}
