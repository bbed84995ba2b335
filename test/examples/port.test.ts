// examples/port: a program for Bluelet, and the same program ported.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { leavesNothingRunning, start, startTypeScript } from '../support/program.js'

leavesNothingRunning()

const PRINTED = `
HELLO
GOODBYE
`.trimStart()

const noPython = runs('') ? null : 'python3 is not installed'
const noBluelet = runs('import bluelet') ? null : 'Bluelet is not installed'

describe('examples/port/shout.ts', () => {
  it('prints what the clients received', { timeout: 30_000 }, async () => {
    const program = startTypeScript('examples/port/shout.ts')

    const exit = await program.ended()

    expect({ ...exit, stderr: program.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(program.stdout).toBe(PRINTED)
  })
})

describe('examples/port/shout.py', () => {
  const file = 'examples/port/shout.py'

  it.skipIf(noPython)('is a Python program', () => {
    expect(runs(`compile(open('${file}').read(), '${file}', 'exec')`)).toBe(true)
  })

  it.skipIf(noBluelet)(`prints the same${noBluelet === null ? '' : ` (skipped: ${noBluelet})`}`, async () => {
    const program = start('python3', ['-B', file])

    await program.ended()

    expect(program.stdout).toBe(PRINTED)
  })
})

function runs(code: string): boolean {
  return spawnSync('python3', ['-c', code]).status === 0
}
