// The suite of every driver: looking names up.
import { expect, it } from 'vitest'
import type { DriverHarness, DriverSample } from './harness.js'

export function describeLookup({ driver, address, unknownName }: DriverSample, harness: DriverHarness): void {
  it('looks up an address as itself, once and asynchronously', async () => {
    const answers: unknown[] = []

    driver.lookup(address, (error, addresses) => answers.push([error, addresses]))
    const atOnce = answers.length
    await harness.until('an answer', () => answers.length > 0)
    await harness.quiet()

    expect(atOnce).toBe(0)
    expect(answers).toEqual([[null, [address]]])
  })

  it('reports a name without addresses as an error or an empty list', async () => {
    const answers: { error: Error | null; addresses: readonly string[] }[] = []

    driver.lookup(unknownName, (error, addresses) => answers.push({ error, addresses }))
    await harness.until('an answer', () => answers.length > 0)

    expect(answers).toHaveLength(1)
    expect(answers[0]!.addresses).toEqual([])
  })
}
