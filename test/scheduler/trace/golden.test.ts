// A trace is the same on every engine, byte by byte. What a change of the scheduler does to its
// steps is seen here: `vitest -u` writes golden.jsonl again.
import { describe, expect, it } from 'vitest'
// @ts-expect-error The program is plain JavaScript, so that other engines can run it.
import { goldenTrace } from './golden.js'

describe('a recorded program in virtual time', () => {
  it('has this trace', async () => {
    await expect(await goldenTrace()).toMatchFileSnapshot('golden.jsonl')
  })
})
