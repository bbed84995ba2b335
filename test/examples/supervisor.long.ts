// examples/supervisor.ts as a process, with real programs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { reached } from '../support/deadline.js'
import { leavesNothingRunning, type Program, start, typeScript } from '../support/program.js'

const EXAMPLE = 'examples/supervisor.ts'

leavesNothingRunning()

const directory = mkdtempSync(join(tmpdir(), 'bluelet-supervisor-'))

afterAll(() => rmSync(directory, { recursive: true }))

/** A program of the shell in a file, and the command that runs it. */
function command(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return `sh ${path}`
}

function supervisor(...commands: string[]): Program {
  const [node, args] = typeScript(EXAMPLE)
  return start(node, [...args, ...commands], { PAUSE_MS: '10' })
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe(EXAMPLE, { timeout: 30_000 }, () => {
  it('starts what has crashed again, each time after a longer pause, until it finishes', async () => {
    const crashes = command(
      'crashes',
      `echo x >>${directory}/runs; case $(wc -l <${directory}/runs) in 1) exit 3;; 2) kill -KILL $$;; esac; echo done`,
    )

    const program = supervisor(crashes, 'true')
    const exit = await program.ended()

    expect(program.stderr).toBe('')
    const lines = program.stdout.split('\n').map((line) => line.replace(/process \d+/, 'process n'))
    expect(lines.filter((line) => line.startsWith(crashes))).toEqual(
      [
        'started, process n',
        'ended by exit code 3',
        'again in 10 ms',
        'started, process n',
        'ended by SIGKILL',
        'again in 20 ms',
        'started, process n',
        'done',
        'finished',
      ].map((line) => `${crashes}: ${line}`),
    )
    expect(lines).toContain('true: finished')
    expect(lines.at(-2)).toBe('all programs have finished')
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('ends its programs on SIGTERM, with what they have started', async () => {
    const parent = command('parent', 'sleep 30 & echo $! $$; wait')
    const program = supervisor(parent, 'sleep 31')
    const [, ...pids] = await program.printed(/: (\d+) (\d+)\n/)

    const before = pids.map((pid) => lives(Number(pid)))
    const exit = await program.kill('SIGTERM').ended()
    await reached(() => !pids.some((pid) => lives(Number(pid))), 2000)

    expect(before).toEqual([true, true])
    expect(pids.map((pid) => lives(Number(pid)))).toEqual([false, false])
    expect(program.stdout).toMatch(/ended by SIGTERM\n$/)
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('ends the others when a program cannot be started', async () => {
    const program = supervisor('sleep 31', 'bluelet-nosuch')

    const exit = await program.ended()

    expect(program.stderr).toContain('there is no program "bluelet-nosuch" in any directory of PATH')
    expect(exit).toEqual({ code: 1, signal: null })
  })
})
