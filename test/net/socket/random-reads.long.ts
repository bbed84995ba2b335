import { describe, it } from 'vitest'
import { record } from '../../support/figures.js'
import { checkReads } from './read-property.js'

const MAX_MS = 600_000

describe('random reads of random streams', () => {
  it('match the oracle in 980,000 cases of small streams', () => check(980_000, 1), MAX_MS)

  it('match the oracle in 20,000 cases of copied and uncopied pieces', () => check(20_000, 1500), MAX_MS)
})

async function check(tried: number, scale: number): Promise<void> {
  await checkReads(tried, scale)
  record({
    what: `reads in pieces of ${scale === 1 ? 'some bytes' : 'some KiB'}`,
    tried,
    failed: 0,
    detail: 'random streams, pieces and reads, against an oracle',
  })
}
