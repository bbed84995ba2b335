// examples/job-runner.ts as a process.
import { expect, it } from 'vitest'
import { leavesNothingRunning, startTypeScript } from '../support/program.js'

leavesNothingRunning()

it('examples/job-runner.ts reports a job that fails, lets the others run, and cancels what is left', async () => {
  const program = startTypeScript('examples/job-runner.ts')

  const exit = await program.ended()

  expect(program.stdout.trimEnd().split('\n')).toEqual([
    'Error: no such file in task broken#2, after its yield of sleep(1)',
    'broken#2: threw',
    'quick#3: returned',
    'endless#1: killed',
    'the run has ended',
  ])
  expect(exit).toEqual({ code: 0, signal: null })
})
