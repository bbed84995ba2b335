// The load generator: compiled when it is needed, since it is of no use to anybody else.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pinned } from './processes.js'

/** What a load came to. */
export interface LoadResult {
  /** Echoes after the warm-up. */
  readonly requests: number
  /** Echoes in all. */
  readonly total: number
  readonly requestsPerSecond: number
  /** In microseconds. */
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

export interface LoadOptions {
  readonly port: number
  readonly connections: number
  readonly messageBytes: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly core: number | null
}

/** The generator's path; null, with a line that says why, where it cannot be compiled. */
export function compileLoad(): string | null {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'bluelet-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const program = path.join(directory, 'load')
  const source = fileURLToPath(new URL('load.c', import.meta.url))
  const { error, status, stderr } = spawnSync('cc', ['-O2', '-Wall', '-o', program, source], {
    encoding: 'utf8',
  })
  if (error === undefined && status === 0) return program
  console.log(
    `echo: not measured, since the load generator cannot be compiled: ${error === undefined ? stderr : `no C compiler (${error.message})`}`,
  )
  return null
}

/** Puts a load on a server. */
export async function load(program: string, options: LoadOptions): Promise<LoadResult> {
  const { port, connections, messageBytes, seconds, warmUpSeconds, core } = options
  const args = ['127.0.0.1', port, connections, messageBytes, seconds, warmUpSeconds].map(String)
  const [command, ...rest] = pinned([program, ...args], core)
  const { stdout } = await promisify(execFile)(command, rest)
  const result = JSON.parse(stdout) as LoadResult
  if (result.errors > 0) throw new Error(`${result.errors} of ${connections} connections failed`)
  return result
}
