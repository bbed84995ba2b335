import { describe, it } from 'vitest'
import { checkReads } from './reads-property.js'

const LONGEST_MS = 600_000

describe('reads of random streams in random pieces', () => {
  it(
    'give what the oracle gives, in 980,000 cases of small streams',
    () => checkReads(980_000, 1),
    LONGEST_MS,
  )

  it(
    'give what the oracle gives, in 20,000 cases of pieces that are copied and pieces that are not',
    () => checkReads(20_000, 1500),
    LONGEST_MS,
  )
})
