// The page of the benchmarks shows what the file of their results has.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pageWith } from '../../packages/net/bench/page.js'
import { picturesOf } from '../../packages/net/bench/pictures.js'
import { readResults } from '../../packages/net/bench/results.js'
import { here } from '../../packages/net/bench/toolchains.js'

describe('benchmarks.md', () => {
  const results = readResults()

  it('has the figures of results.json', () => {
    const { actual, expected } = pageWith(results)

    expect(actual).toBe(expected)
  })

  it.runIf(results !== null)('has pictures of them', () => {
    const missing = picturesOf(results!).filter(({ file }) => !existsSync(here(`../docs/${file}`)))

    expect(missing).toEqual([])
  })
})
