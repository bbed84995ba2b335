// What a run of the benches came to, and the file that keeps it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Samples } from './rounds.js'
import type { Family, LeftOut } from './sides.js'
import { here } from './toolchains.js'

const FILE = here('results.json')

export interface Results {
  readonly date: string
  readonly machine: string
  /** By id, in the order of the tables. */
  readonly sides: Readonly<Record<string, ResultSide>>
  readonly leftOut: readonly LeftOut[]
  readonly comparisons: readonly Comparison[]
}

export interface ResultSide {
  readonly name: string
  readonly family: Family
  readonly version: string
}

/** One comparison of all sides: what was done, and by side what was measured, round by round. */
export interface Comparison {
  readonly what: 'echo' | 'connects' | 'memory' | 'start'
  readonly connections: number
  readonly messageBytes: number
  readonly rounds: number
  /** Of each turn. */
  readonly seconds: number
  /**
   * - echo, connects: `cpu` of the server for each echo in us, `perSecond`, `p50` and `p99` in us, `loadBusy` of its core
   * - memory: bytes of a connection, `silent` and `used` once; `none` of the whole server without any
   * - start: `ms`
   */
  readonly samples: Readonly<Record<string, Samples>>
}

/** What the file keeps; null if there is none yet. */
export function readResults(): Results | null {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : null // What writeResults has written.
}

export function writeResults(results: Results): void {
  writeFileSync(FILE, `${asJson(results)}\n`)
}

/** JSON in which numbers in a row stand in a line. */
function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/\[\s+(-?\d[^[\]{}"]*?)\s+\]/g, (_, numbers: string) => {
    return `[${numbers.split(/,\s+/).join(', ')}]`
  })
}
