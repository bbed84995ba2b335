// The documents show the results of the benchmarks as they were measured.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { documentsWith } from '../../packages/net/bench/page.js'
import { picturesOf } from '../../packages/net/bench/pictures.js'
import { readResults } from '../../packages/net/bench/results.js'
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
