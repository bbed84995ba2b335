// The results of a run of the benchmarks, and the file that keeps them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Samples } from './rounds.js'
import type { Family, LeftOut } from './sides.js'
import { here } from './toolchains.js'
import type { WorkloadKind } from './workloads.js'

const FILE = here('results.json')

export interface Results {
  /** By id, in the order of the tables. */
  readonly sides: Readonly<Record<string, ResultSide>>
  readonly leftOut: readonly LeftOut[]
  /** In the order of the tables. */
  readonly comparisons: readonly DatedComparison[]
}

/** A comparison, and the run in which it was measured. */
export interface DatedComparison extends Comparison {
  /** Such as `2026-11-29`. */
  readonly date: string
  readonly machine: string
}

export interface ResultSide {
  readonly name: string
  readonly family: Family
  readonly version: string
}

/** One comparison of all servers: the workload, and the measurements by server, round by round. */
export interface Comparison {
  readonly what: WorkloadKind | 'memory' | 'start'
  readonly connections: number
  readonly messageBytes: number
  /** Number of messages that a client sends before it waits for the answers. Default: 1 */
  readonly inFlight?: number
  readonly rounds: number
  /** Of each turn. */
  readonly seconds: number
  /**
   * - workloads: `cpu` of the server per message in us, `perSecond`, `p50` and `p99` in us,
   *   `loadBusy` of its core; with several messages in flight, latencies are those of all of them
   * - memory: bytes per connection, `silent` and after one echo (`used`); bytes of the server
   *   without connections (`none`)
   * - start: `ms`
   */
  readonly samples: Readonly<Record<string, Samples>>
}

/** Returns the contents of the file, or null if there is none yet. */
export function readResults(): Results | null {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : null // Written by writeResults.
}

/**
 * The results of a run, and those of earlier runs for the parts that it has not measured.
 *
 * @param titles of all parts, in their order
 */
export function mergedWith(
  earlier: Results,
  results: Results,
  titles: readonly string[],
  titleOf: (comparison: Comparison) => string,
): Results {
  const byTitle = new Map(
    [...earlier.comparisons, ...results.comparisons].map((each) => [titleOf(each), each]),
  )
  const told = new Set(results.leftOut.map(({ side, from }) => `${side} ${from}`))
  return {
    sides: { ...earlier.sides, ...results.sides },
    leftOut: [
      ...earlier.leftOut.filter(({ side, from }) => !told.has(`${side} ${from}`)),
      ...results.leftOut,
    ],
    comparisons: titles.flatMap((title) => byTitle.get(title) ?? []),
  }
}

export function writeResults(results: Results): void {
  writeFileSync(FILE, `${asJson(results)}\n`)
}

/** Formats JSON with consecutive numbers on one line. */
function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/\[\s+(-?\d[^[\]{}"]*?)\s+\]/g, (_, numbers: string) => {
    return `[${numbers.split(/,\s+/).join(', ')}]`
  })
}
