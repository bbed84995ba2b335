// The documents show the results of the benchmarks as they were measured.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { documentsWith } from '../../packages/net/bench/page.js'
import { picturesOf } from '../../packages/net/bench/pictures.js'
import { type Comparison, mergedWith, type Results, readResults } from '../../packages/net/bench/results.js'
import { here } from '../../packages/net/bench/toolchains.js'

const results = readResults()

describe.each(documentsWith(results))('$file', ({ actual, expected }) => {
  it('has the figures of results.json', () => {
    expect(actual).toBe(expected)
  })
})

describe('the pictures', () => {
  it.runIf(results !== null)('are there', () => {
    const missing = picturesOf(results!).filter(({ file }) => !existsSync(here(`../docs/${file}`)))

    expect(missing).toEqual([])
  })
})

describe('a run that has measured some of the parts', () => {
  const of = (what: Comparison['what'], date: string) =>
    ({
      what,
      date,
      machine: 'one',
      connections: 1,
      messageBytes: 1,
      rounds: 1,
      seconds: 1,
      samples: {},
    }) as const
  const earlier: Results = {
    sides: { c: { name: 'C', family: 'native', version: '12' } },
    leftOut: [
      { side: 'deno', from: 'npm', reason: 'old' },
      { side: 'bun', from: 'npm', reason: 'kept' },
    ],
    comparisons: [of('memory', '2026-01-01'), of('start', '2026-01-01')],
  }
  const results: Results = {
    sides: { c: { name: 'C', family: 'native', version: '13' } },
    leftOut: [{ side: 'deno', from: 'npm', reason: 'new' }],
    comparisons: [of('start', '2026-02-02'), of('tls', '2026-02-02')],
  }
  it('keeps the earlier results of the others', () => {
    const { sides, leftOut, comparisons } = mergedWith(
      earlier,
      results,
      ['tls', 'memory', 'start'],
      ({ what }) => what,
    )

    expect(comparisons).toEqual([
      of('tls', '2026-02-02'),
      of('memory', '2026-01-01'),
      of('start', '2026-02-02'),
    ])
    expect(sides.c?.version).toBe('13')
    expect(leftOut.map(({ reason }) => reason)).toEqual(['kept', 'new'])
  })
})
