// Several schedulers and threads, each with its own native part.
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { fixture, isBuilt } from './binary.js'

describe.skipIf(!isBuilt)('threads (skipped where the native part is not built)', () => {
  it('echo at the same time, end by themselves or are terminated, and leave nothing open', () => {
    const output = execFileSync(process.execPath, [fixture('native-threads.mjs')], {
      encoding: 'utf8',
      timeout: 100_000,
    })
    const { driver, left, codes } = JSON.parse(output)

    expect([driver, left]).toEqual(['epoll', 0])
    expect(codes).toEqual(Array(5).fill([0, 1, 0, 1]).flat())
  })
})
