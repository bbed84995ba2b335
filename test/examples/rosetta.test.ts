// examples/rosetta: one small program by nine libraries; each that is installed must print the same.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { leavesNothingRunning, start, startTypeScript } from '../support/program.js'

leavesNothingRunning()

const PRINTED = `
a cleans up
b cleans up
a is done, b is done
slow cleans up
too slow
`
  .trim()
  .split('\n')

/** It leaves the clean-up of what it has killed to the garbage collector. */
const PRINTED_BY_BLUELET = [...PRINTED.slice(0, 3), 'too slow', 'slow cleans up']

/** Debian's own Python, beside the one that comes first, has Debian's libraries. */
const PYTHONS = ['python3', '/usr/bin/python3']

describe.each([
  'examples/rosetta/bluelet.ts',
  'examples/rosetta/async.ts',
  'examples/rosetta/effection.ts',
  'examples/rosetta/effect.ts',
])('%s', (file) => {
  it('prints what the others print', { timeout: 30_000 }, async () => {
    const program = startTypeScript(file)

    const exit = await program.ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(program.stdout.trimEnd().split('\n')).toEqual(PRINTED)
  })
})

describe.each(['asyncio', 'trio', 'gevent', 'curio', 'bluelet'])('examples/rosetta/with_%s.py', (library) => {
  const file = `examples/rosetta/with_${library}.py`
  const python = PYTHONS.find((command) =>
    runs(command, `import importlib.util; exit(importlib.util.find_spec('${library}') is None)`),
  )
  const absent = python === undefined ? ` (skipped: ${library} is not installed)` : ''

  it.skipIf(absent)(`prints what the others print${absent}`, { timeout: 30_000 }, async () => {
    const program = start(python!, ['-B', file])

    const exit = await program.ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(inOrder(program.stdout)).toEqual(library === 'bluelet' ? PRINTED_BY_BLUELET : PRINTED)
  })

  it.skipIf(!runs('python3', ''))('is a program of Python', () => {
    expect(runs('python3', `compile(open('${file}').read(), '${file}', 'exec')`)).toBe(true)
  })
})

/** The lines, the first two in the order of their names: on a busy machine Trio, which throws a coin, may wake b first. */
function inOrder(printed: string): string[] {
  const lines = printed.trimEnd().split('\n')
  return [...lines.slice(0, 2).sort(), ...lines.slice(2)]
}

function runs(python: string, code: string): boolean {
  return spawnSync(python, ['-c', code]).status === 0
}
