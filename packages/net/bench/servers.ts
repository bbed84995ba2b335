// A server to measure: it prints its port. Everything else is measured from outside, in the same
// way for all servers.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Program, start } from './processes.js'
import type { Service, Side } from './sides.js'

/** Waits for memory that is freed late: how many times, and how long each time. */
const SETTLING_ROUNDS = 5
const SETTLING_MS = 60

/** A running server. */
export interface RunningServer {
  readonly side: Side
  readonly pid: number
  readonly port: number
  /** Its resident memory in bytes, after a garbage collection if its runtime has one. */
  memory(): Promise<number>
  stop(): Promise<void>
}

/**
 * @param service what it is to do; this side has a command for it
 * @param bufferBytes the size of its reads, if its runtime lets it choose
 */
export async function startServer(
  side: Side,
  service: Service,
  bufferBytes: number,
  core: number | null,
): Promise<RunningServer> {
  const command = [...side.commands[service]!, `${bufferBytes}`, ...(side.args ?? [])]
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
