// The native part answers invalid arguments with an error, and never with a crash.
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { BINARY, fixture, isBuilt } from './binary.js'

const CALLS = 100_000

describe.skipIf(!isBuilt)('the native part (skipped where it is not built)', () => {
  it(`survives ${CALLS} calls with arguments of every kind, and touches only its own descriptors`, () => {
    const command = [fixture('native-fuzz.mjs'), BINARY, String(CALLS)]
    const { seed, given, refused, failed, wrong } = JSON.parse(
      execFileSync(process.execPath, command, { encoding: 'utf8', timeout: 60_000 }),
    )

    expect(wrong, `seed ${seed}`).toEqual([])
    expect(given + refused + failed).toBe(CALLS)
    // Each outcome occurs.
    expect(Math.min(given, refused, failed), `seed ${seed}`).toBeGreaterThan(CALLS / 100)
  })
})
