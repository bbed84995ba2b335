// `read` and `write` on standard input and output, and on the pipes of a child process.
import { spawn as spawnProcess } from 'node:child_process'
import { once } from 'node:events'
import { read } from '@bluelet/net'
import { describe, expect, it } from 'vitest'
import { leavesNothingRunning, start } from '../../support/program.js'
import { play } from '../world.js'
import { nodeTurns } from './streams.js'

describe('read and write in a process of their own', { timeout: 20_000 }, () => {
  leavesNothingRunning()

  it('keep the process alive while a task reads standard input, and no longer', async () => {
    const program = start(process.execPath, ['test/net/fixtures/first-bytes.mjs'])

    await program.printed(/ready/)
    program.write('one\n2')
    const exit = await program.ended()

    expect(program.stderr).toBe('')
    expect(program.stdout).toBe('ready<one\n>')
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('throw at the yield when the reader of standard output has gone', async () => {
    const program = start('sh', ['-c', `${process.execPath} test/net/fixtures/lines-forever.mjs | head -1`])

    const exit = await program.ended()

    expect(program.stdout).toBe('line\n')
    expect(program.stderr).toBe('caught EPIPE; then ClosedError because of EPIPE')
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('find the output of a child process after its end', async () => {
    const child = spawnProcess(process.execPath, ['-e', 'process.stdout.write("x".repeat(50_000))'])
    const exited = once(child, 'exit')

    const lengths = await play(function* () {
      const first = yield* read(child.stdout, 10)
      yield exited
      yield* nodeTurns(20)
      const rest = yield* read(child.stdout)
      return [first.length, rest.length]
    })

    expect(lengths).toEqual([10, 49_990])
  })
})
