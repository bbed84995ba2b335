// Programs that tests run, and the oracle that none of them is left behind.
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach } from 'vitest'
import { reached } from '../../support/deadline.js'

/** The variable by which the processes of one test are known: all of them inherit it. */
const MARK = 'BLUELET_TEST_MARK'

/** How long a process may take to go after its end: the kernel is quick, a busy machine is not. */
const PATIENCE_MS = 20_000

let tests = 0

/** Checks after each test of a file that no process is left of those that it has started. */
export function leavesNoProcess(): void {
  beforeEach(() => {
    tests++
    process.env[MARK] = `${process.pid}-${tests}`
  })

  afterEach(async () => {
    await reached(() => processes().length === 0, PATIENCE_MS)
    const left = processes()
    delete process.env[MARK]
    for (const { pid } of left) process.kill(pid, 'SIGKILL')
    if (left.length > 0)
      throw new Error(`left running by this test: ${left.map(({ line }) => line).join('; ')}`)
  })
}

interface Running {
  readonly pid: number
  readonly line: string
}

/** The processes that this test has started, and what those have started, as far as they live. */
export function processes(): Running[] {
  const mark = `${MARK}=${process.env[MARK]}\0`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) return []
        const line = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
        // A process that has ended has no command line any more.
        return line === '' ? [] : [{ pid: Number(name), line }]
      } catch {
        return [] // It has ended meanwhile, or belongs to another user.
      }
    })
}

/** The command lines of those processes. */
export function commands(): string[] {
  return processes()
    .map(({ line }) => line)
    .sort()
}

/** Arguments of `sh` that run a script. */
export function script(text: string): ['sh', string[]] {
  return ['sh', ['-c', text]]
}
