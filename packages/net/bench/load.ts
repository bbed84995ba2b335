// The load generator: a program in C, since it has to cost less than any server it measures.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { pinned, reasonIn } from './processes.js'
import type { Sample } from './rounds.js'
import type { RunningServer } from './servers.js'
import { checkHeader, compileC } from './toolchains.js'
import type { Workload, WorkloadKind } from './workloads.js'

/**
 * Extra time that a load may take: until every connection has had an echo, and before it counts as
 * hanging.
 */
const PATIENCE_MS = 25_000

export interface LoadOptions {
  readonly workload: Workload
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly core: number | null
}

/** The output of load.c. */
interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** In microseconds, like the times below. */
  readonly p50: number
  readonly p99: number
  readonly serverCpu: number
  readonly loadCpu: number
  readonly errors: number
}

/** Runs a load against a server. */
export type Load = (server: RunningServer, options: LoadOptions) => Promise<Sample>

/** What OpenSSL adds to the command of the compiler. */
const WITH_TLS = ['-DTLS', '-lssl', '-lcrypto']

/** @throws Error if it cannot be compiled: TLS needs the headers of OpenSSL */
export function makeLoad({ tls = false }: { readonly tls?: boolean } = {}): Load {
  if (tls) checkHeader('openssl/ssl.h', 'OpenSSL')
  const program = tls ? compileC('load.c', 'load-tls', WITH_TLS) : compileC('load.c')
  return async ({ port, pid }, { workload, seconds, warmUpSeconds, core }) => {
    const { what, connections, messageBytes, inFlight } = workload
    const flags = flagsOf(what, inFlight)
    const numbers = [port, connections, messageBytes, seconds, warmUpSeconds, pid].map(String)
    const [command, ...rest] = pinned([program, ...flags, '127.0.0.1', ...numbers], core)
    const timeout = (seconds + warmUpSeconds) * 1000 + PATIENCE_MS
    const { stdout } = await promisify(execFile)(command, rest, { timeout }).catch((error) => {
      throw new Error(error.killed ? 'it hangs' : reasonIn(error.stderr || error.message))
    })
    const result = JSON.parse(stdout) as LoadResult
    if (result.errors > 0) throw new Error(`${result.errors} of ${connections} connections failed`)
    if (result.requests === 0) throw new Error('no echo in time')
    return {
      cpu: result.serverCpu / result.requests,
      perSecond: result.requests / result.seconds,
      p50: result.p50,
      p99: result.p99,
      loadBusy: result.loadCpu / 1e6 / result.seconds,
    }
  }
}

function flagsOf(what: WorkloadKind, inFlight: number): string[] {
  if (what === 'connects') return ['-r']
  if (what === 'lines') return ['-l', `${inFlight}`]
  if (what === 'tls') return ['-t']
  if (what === 'handshakes') return ['-t', '-r']
  if (what === 'datagrams') return ['-u']
  if (what === 'bursts') return ['-b', `${inFlight}`]
  return []
}
