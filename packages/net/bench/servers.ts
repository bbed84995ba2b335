// A server that is measured: it prints its port, and everything else about it is read from outside, alike for all.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Program, start } from './processes.js'
import type { Side } from './sides.js'

/** What is freed late is waited for: so often, so long each. */
const SETTLING_ROUNDS = 5
const SETTLING_MS = 60

/** A server that runs. */
export interface RunningServer {
  readonly side: Side
  readonly pid: number
  readonly port: number
  /** Its resident memory in bytes, after a garbage collection where its runtime has one. */
  memory(): Promise<number>
  stop(): Promise<void>
}

/** @param bufferBytes how much it reads at a time, where that can be said */
export async function startServer(
  side: Side,
  bufferBytes: number,
  core: number | null,
): Promise<RunningServer> {
  const command = [...side.command, `${bufferBytes}`, ...(side.args ?? [])]
  const program = start(command, core, side.environment)
  try {
    const line = await program.nextLine()
    const port = Number(line)
    if (!(port > 0)) throw new Error(`expected its port, got ${line}`)
    return { side, pid: program.pid, port, memory: () => memoryOf(program, side), stop: program.stop }
  } catch (error) {
    await program.stop()
    throw error
  }
}

async function memoryOf(program: Program, { collects = false }: Side): Promise<number> {
  for (let i = 0; i < SETTLING_ROUNDS; i++) {
    if (collects) program.signal('SIGUSR2')
    await sleep(SETTLING_MS)
  }
  const [, kilobytes] =
    /^Rss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${program.pid}/smaps_rollup`, 'utf8')) ?? []
  if (kilobytes === undefined) throw new Error('the system does not say how much memory it has')
  return Number(kilobytes) * 1024
}
