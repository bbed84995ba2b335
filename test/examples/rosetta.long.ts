// examples/rosetta: one small program with nine libraries. Each that is installed must print the
// same.
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

/** Bluelet leaves the clean-up of killed coroutines to the garbage collector. */
const PRINTED_BY_BLUELET = [...PRINTED.slice(0, 3), 'too slow', 'slow cleans up']

/** The first Python in the path, and Debian's own, which has Debian's libraries. */
const PYTHONS = ['python3', '/usr/bin/python3']

describe.each([
  'examples/rosetta/bluelet.ts',
  'examples/rosetta/async.ts',
  'examples/rosetta/effection.ts',
  'examples/rosetta/effect.ts',
])('%s', (file) => {
  it('prints the same as the others', { timeout: 30_000 }, async () => {
    const program = startTypeScript(file)

    const exit = await program.ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(program.stdout.trimEnd().split('\n')).toEqual(PRINTED)
  })
})

const LIBRARIES = ['asyncio', 'trio', 'gevent', 'curio', 'bluelet']
const fileOf = (library: string) => `examples/rosetta/with_${library}.py`

/**
 * The libraries that each Python has, found by one start of each, which takes longer than a test.
 */
const installed = PYTHONS.map((command) => ({ command, libraries: librariesOf(command) }))

it.skipIf(installed[0]?.libraries === null)('examples/rosetta/with_*.py are Python programs', () => {
  const files = LIBRARIES.map((library) => `'${fileOf(library)}'`)
  const { status, stderr } = python('python3', `for f in ${files}: compile(open(f).read(), f, 'exec')`)

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

describe.each(LIBRARIES)('examples/rosetta/with_%s.py', (library) => {
  const python = installed.find(({ libraries }) => libraries?.includes(library))?.command
  const absent = python === undefined ? ` (skipped: ${library} is not installed)` : ''

  it.skipIf(absent)(`prints the same as the others${absent}`, { timeout: 30_000 }, async () => {
    const program = start(python!, ['-B', fileOf(library)])

    const exit = await program.ended()

    expect(exit).toEqual({ code: 0, signal: null })
    expect(inOrder(program.stdout)).toEqual(library === 'bluelet' ? PRINTED_BY_BLUELET : PRINTED)
  })
})

/**
 * The lines, with the first two sorted, since Trio's random order may wake b first on a busy
 * machine.
 */
function inOrder(printed: string): string[] {
  const lines = printed.trimEnd().split('\n')
  return [...lines.slice(0, 2).sort(), ...lines.slice(2)]
}

/** The libraries that can be imported; null if there is no such Python. */
function librariesOf(command: string): string[] | null {
  const { status, stdout } = python(
    command,
    `import importlib.util as u; print(*[l for l in '${LIBRARIES}'.split(',') if u.find_spec(l)])`,
  )
  return status === 0 ? stdout.trim().split(' ') : null
}

function python(command: string, code: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, ['-c', code], { encoding: 'utf8' })
}
