// examples/delegation.ts as a process.
import { expect, it } from 'vitest'
import { leavesNothingRunning, startTypeScript } from '../support/program.js'

leavesNothingRunning()

it('examples/delegation.ts passes values and errors to callers', { timeout: 30_000 }, async () => {
  const program = startTypeScript('examples/delegation.ts')

  const exit = await program.ended()

  expect(exit).toEqual({ code: 0, signal: null })
  expect(program.stderr).toBe('')
  expect(program.stdout).toBe(`sibling: runs by itself
parent: calls the child
sibling: ends by itself
child: started
child: resumed, and returns 42
parent: the child has returned 42
grandparent: the parent has returned 43
between: cleans up
catching: Error: something is wrong
`)
})
