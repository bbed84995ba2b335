// examples/sleepy.ts as a process.
import { expect, it } from 'vitest'
import { leavesNothingRunning, startTypeScript } from '../support/program.js'

leavesNothingRunning()

it('examples/sleepy.ts sleeps four times at once, and ends with the longest', {
  timeout: 30_000,
}, async () => {
  const program = startTypeScript('examples/sleepy.ts', { SECOND: '100' })

  const exit = await program.ended()

  const lines = program.stdout.trimEnd().split('\n')
  const asleep = [0, 1, 3, 5].map((seconds) => `Going to sleep for ${seconds} seconds ...`)
  const awake = [0, 1, 3, 5].map((seconds) => `... woke up after ${seconds} seconds.`)
  expect(exit).toEqual({ code: 0, signal: null })
  // The first may wake before the last begins to sleep.
  expect(lines.filter((line) => line !== awake[0])).toEqual([...asleep, ...awake.slice(1)])
  expect(lines.indexOf(awake[0]!)).toBeGreaterThan(lines.indexOf(asleep[0]!))
  expect(lines.indexOf(awake[0]!)).toBeLessThan(lines.indexOf(awake[1]!))
})
