// The server of these tests, in its own process: its reports, and what the system reports about it.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { ServerOptions, ServerStats } from '@bluelet/net'
import { type Exit, type Program, start, typeScript } from '../support/program.js'
import { argumentOf } from './fixtures/questions.js'
import { reachedIn } from './patience.js'

/** The report of a server that listens. */
export interface Listening {
  readonly port: number
  readonly pid: number
}

/** The report of a server on request. */
export interface Report {
  readonly counts: ServerStats
  /** Handlers that began. */
  readonly begun: number
  readonly ended: number
  readonly killed: number
  readonly mostOpen: number
  readonly replying: number
  /** Bytes taken but not yet in the kernel: of all connections, and the maximum of one. */
  readonly unsent: number
  readonly mostUnsent: number
  /** Reported errors: their number, how many were repeated, and some of their texts. */
  readonly reported: { readonly total: number; readonly twice: number; readonly texts: readonly string[] }
}

/** How the server is started. */
export interface ServerSettings {
  /** The limit of descriptors. */
  readonly descriptors?: number
  /** Whether handlers of clients from 127.0.0.8 and 127.0.0.9 fail at once. */
  readonly breaks?: boolean
  /** Whether one address may not take every place, as by default. */
  readonly shares?: boolean
  /** Whether a shell runs it and prints its exit code. */
  readonly byShell?: boolean
}

/** How long a server may take to start. */
const PATIENCE_MS = 20_000

/** A tick of the kernel's clock as reported to processes: 100 a second on Linux, time(7). */
const TICK_MS = 10

/** A running server process. */
export class ServerProcess {
  readonly program: Program
  readonly port: number
  readonly pid: number

  constructor(program: Program, port: number, pid: number) {
    this.program = program
    this.port = port
    this.pid = pid
  }

  /** Asks for a report. */
  async report(): Promise<Report> {
    return (await this.program.ask('report')) as Report // The shape of its answer.
  }

  /** Sends a signal to the server itself. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Waits until it has ended. */
  ended(patienceMs?: number): Promise<Exit> {
    return this.program.ended(patienceMs)
  }

  /** Waits until no connection is open or closing. */
  async quiet(patienceMs = 10_000): Promise<this> {
    if (await reachedIn(patienceMs, async () => (await this.report()).counts.open === 0)) return this
    throw new Error(`waited ${patienceMs} ms without success: ${JSON.stringify(await this.report())}`)
  }

  /** Its sockets, as the system names them: `socket:[1234]`. */
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

  /** The processor time used so far, in milliseconds. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
    // Only the second field, in parentheses, may contain spaces: proc(5).
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
  { descriptors, breaks = false, shares = false, byShell = false }: ServerSettings = {},
): Promise<ServerProcess> {
  const [command, args] = typeScript('test/faults/fixtures/server.ts', [
    argumentOf({ options, breaks, shares }),
  ])
  const limit = descriptors === undefined ? '' : `ulimit -n ${descriptors};`
  const shell = byShell ? '"$@"; echo "exit code $?"' : 'exec "$@"'
  const program = start('bash', ['-c', `${limit} ${shell}`, 'bash', command, ...args], {}, { channel: true })
  const { port, pid } = (await program.told(PATIENCE_MS)) as Listening // The shape of its report.
  return new ServerProcess(program, port, pid)
}
