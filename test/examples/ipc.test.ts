// examples/ipc.ts as a process, and the process that it starts.
import { expect, it } from 'vitest'
import { leavesNothingRunning, startTypeScript } from '../support/program.js'

leavesNothingRunning()

it('examples/ipc.ts sends values from coroutine to coroutine, and from process to process', {
  timeout: 30_000,
}, async () => {
  const program = startTypeScript('examples/ipc.ts')

  const exit = await program.ended()

  const squares = [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
  const said = (who: string): string =>
    squares.map((square, i) => `${i} squared is ${square}, says a ${who}\n`).join('')
  expect({ ...exit, stderr: program.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(program.stdout).toBe(said('coroutine') + said('process'))
})
