// The server of these tests, in a process of its own, and what is known of it: what it says, and what the system says.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ServerOptions, ServerStats } from '@bluelet/net'
import { type Exit, type Program, start, typeScript } from '../support/program.js'
import { argumentOf } from './fixtures/questions.js'
import { reachedIn } from './patience.js'

/** What it says when it listens. */
export interface Listening {
  readonly port: number
  readonly pid: number
}

/** What it says when it is asked. */
export interface Report {
  readonly counts: ServerStats
  /** Handlers. */
  readonly begun: number
  readonly ended: number
  readonly killed: number
  readonly mostOpen: number
  readonly replying: number
  /** Bytes that were taken and have not reached the kernel: of all connections, and of the one with the most. */
  readonly unsent: number
  readonly mostUnsent: number
  /** Errors that were reported; of them, those that had been before; some of them in words. */
  readonly reported: { readonly total: number; readonly twice: number; readonly texts: readonly string[] }
}

/** How it is started. */
export interface ServerSettings {
  /** How many descriptors it may have. */
  readonly descriptors?: number
  /** Whether clients from 127.0.0.8 and 127.0.0.9 get handlers that fail at once. */
  readonly breaks?: boolean
  /** Run by a shell that says with which code it has ended. */
  readonly byShell?: boolean
}

/** The patience with a server that begins. */
const PATIENCE_MS = 20_000

/** A tick of the kernel's clock as processes are told of it: 100 a second on Linux, time(7). */
const TICK_MS = 10

/** A server. */
export class ServerProcess {
  readonly program: Program
  readonly port: number
  readonly pid: number

  constructor(program: Program, port: number, pid: number) {
    this.program = program
    this.port = port
    this.pid = pid
  }

  /** What it counts. */
  async report(): Promise<Report> {
    return (await this.program.ask('report')) as Report // What it answers.
  }

  /** Sends a signal to the server itself. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Waits until it has ended. */
  ended(patienceMs?: number): Promise<Exit> {
    return this.program.ended(patienceMs)
  }

  /** Waits until no connection is open, not even one that is being closed. */
  async quiet(patienceMs = 10_000): Promise<this> {
    if (await reachedIn(patienceMs, async () => (await this.report()).counts.open === 0)) return this
    throw new Error(`waited ${patienceMs} ms in vain: ${JSON.stringify(await this.report())}`)
  }

  /** Its sockets, as the system calls them: `socket:[1234]`. */
  sockets(): string[] {
    const files = readdirSync(`/proc/${this.pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${this.pid}/fd/${fd}`)]
      } catch {
        return [] // Closed meanwhile.
      }
    })
    return files.filter((file) => file.startsWith('socket:'))
  }

  /** The processor's time that it has used so far. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
    // The second field, in parentheses, is the only one that may contain spaces: proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }

  /** Its memory, in MiB. */
  get memory(): number {
    const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1')) ?? []
    return Number(kb) / 1024
  }
}

/** Starts the server, and waits until it listens. */
export async function startServer(
  options: ServerOptions = {},
  { descriptors, breaks = false, byShell = false }: ServerSettings = {},
): Promise<ServerProcess> {
  const [command, args] = typeScript('test/faults/fixtures/server.ts', [argumentOf({ options, breaks })])
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors};`
  const shell = byShell ? '"$@"; echo "exit code $?"' : 'exec "$@"'
  const program = start('bash', ['-c', `${limit} ${shell}`, 'bash', command, ...args], {}, { channel: true })
  const { port, pid } = (await program.told(PATIENCE_MS)) as Listening // What it says.
  return new ServerProcess(program, port, pid)
}
