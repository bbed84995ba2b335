// The floors and aims, and whether they are reached. The same ratios are the quick form of the
// benchmarks.
import type { Comparison, Results } from './results.js'
import { BASELINE } from './sides.js'
import { median } from './statistics.js'
import { count, ratio, type Table, titleOf } from './tables.js'
import {
  bursts,
  connects,
  datagrams,
  echo,
  handshakes,
  LARGE_BYTES,
  lines,
  pieces,
  redis,
  SMALL_BYTES,
  tls,
} from './workloads.js'

/** A ratio of this side to another; a number of this side alone if there is no other. */
interface Target {
  /** The title of the comparison. */
  readonly from: string
  readonly kind: string
  /** Whether a ratio says how many times less this side needs, or how many times more. */
  readonly direction: 'less' | 'more'
  readonly side: string
  readonly other: string | null
  readonly floor: number
  readonly aim: number
}

const TARGET_ECHO = echo(64, SMALL_BYTES)

const TARGETS: readonly Target[] = [
  ...cpu(TARGET_ECHO, ['epoll-yield', 'c', 0.76, 0.85], ['epoll-yield', BASELINE, 1.3, 1.45]),
  ...cpu(TARGET_ECHO, ['epoll-yield', 'bun', 1, 1.05], ['epoll-yield', 'go', 1.05, 1.1]),
  ...cpu(TARGET_ECHO, ['node-yield', BASELINE, 0.97, 1]),
  ...cpu(lines(16), ['epoll-yield', BASELINE, 0.9, 1.1], ['node-yield', BASELINE, 0.75, 0.95]),
  ...cpu(lines(1), ['epoll-yield', BASELINE, 1.15, 1.25], ['node-yield', BASELINE, 0.93, 1]),
  ...cpu(pieces, ['epoll-yield', BASELINE, 0.7, 0.9], ['node-yield', BASELINE, 0.7, 0.8]),
  ...cpu(redis, ['epoll-yield', BASELINE, 0.85, 1], ['node-yield', BASELINE, 0.7, 0.9]),
  ...cpu(echo(64, LARGE_BYTES), ['epoll-yield', 'c', 0.58, 0.65], ['epoll-into', 'c', 0.75, 0.9]),
  ...cpu(echo(1000, LARGE_BYTES), ['epoll-yield', BASELINE, 0.9, 1], ['epoll-into', BASELINE, 1.1, 1.2]),
  ...cpu(echo(1000, LARGE_BYTES), ['node-yield', BASELINE, 0.85, 1]),
  ...cpu(echo(1, SMALL_BYTES), ['epoll-yield', BASELINE, 0.9, 1], ['node-yield', BASELINE, 0.85, 0.95]),
  ...cpu(echo(1000, SMALL_BYTES), ['node-yield', BASELINE, 0.87, 0.95]),
  ...cpu(connects, ['epoll-yield', 'c', 0.85, 0.92], ['node-yield', BASELINE, 0.75, 0.9]),
  ...cpu(tls(SMALL_BYTES), ['epoll-yield', BASELINE, 0.5, 0.75], ['node-yield', BASELINE, 0.5, 0.66]),
  ...cpu(tls(LARGE_BYTES), ['epoll-yield', BASELINE, 0.5, 0.6], ['node-yield', BASELINE, 0.5, 0.6]),
  ...cpu(handshakes, ['epoll-yield', BASELINE, 0.65, 0.75], ['node-yield', BASELINE, 0.5, 0.6]),
  ...cpu(datagrams, ['epoll-yield', BASELINE, 1, 1.3], ['node-yield', BASELINE, 0.6, 0.9]),
  ...cpu(datagrams, ['epoll-many', BASELINE, 1.4, 1.8], ['node-many', BASELINE, 0.75, 1]),
  ...cpu(bursts, ['epoll-yield', BASELINE, 1, 1.5], ['node-yield', BASELINE, 0.6, 0.9]),
  target('start', 'ms', 'more', 'epoll-yield', BASELINE, 1.25, 1.12),
  target('memory', 'used', 'more', 'node-yield', BASELINE, 1.3, 1.1),
  target('memory', 'used', 'more', 'epoll-yield', null, 1050, 900),
]

/** The servers that the floors and aims are about, for one title of a comparison. */
export function sidesOfTargets(title: string): Set<string> {
  const named = TARGETS.filter(({ from }) => from === title)
  return new Set(named.flatMap(({ side, other }) => (other === null ? [side] : [side, other])))
}

/** The comparison that is also on the first screen of the README. */
export function targetEcho({ comparisons }: Results): Comparison | undefined {
  return comparisons.find((comparison) => titleOf(comparison) === titleOf(TARGET_ECHO))
}

export function targetsOf(results: Results): Table {
  const name = (id: string) => results.sides[id]?.name ?? id
  const rows: string[][] = []
  for (const { from, kind, direction, side, other, floor, aim } of TARGETS) {
    const comparison = results.comparisons.find((each) => titleOf(each) === from)
    const value = comparison && measured(comparison, kind, side, other, direction)
    if (value === undefined) continue
    const sign = direction === 'less' ? 1 : -1
    const verdict = verdictOf(value * sign >= aim * sign, value * sign >= floor * sign)
    const against = other === null ? '' : ` against ${name(other)}`
    const note = direction === 'more' ? ' (less is better)' : ''
    const shown = other === null ? count : (n: number) => `${n.toFixed(2)} x`
    rows.push([`${from}: ${name(side)}${against}${note}`, ...[value, floor, aim].map(shown), verdict])
  }
  return { title: 'Floors and aims', rows: [['', 'measured', 'floor', 'aim', ''], ...rows] }
}

function measured(
  comparison: Comparison,
  kind: string,
  side: string,
  other: string | null,
  direction: Target['direction'],
): number | undefined {
  if (other !== null) return ratio(comparison, kind, side, other, direction)
  const own = comparison.samples[side]?.[kind]
  return own && median(own)
}

function verdictOf(aim: boolean, floor: boolean): string {
  return aim ? 'aim reached' : floor ? 'floor reached' : 'missed'
}

/** Targets for the CPU time of one workload. */
function cpu(
  workload: Parameters<typeof titleOf>[0],
  ...rows: readonly (readonly [side: string, other: string, floor: number, aim: number])[]
): Target[] {
  return rows.map((row) => target(titleOf(workload), 'cpu', 'less', ...row))
}

function target(
  from: string,
  kind: string,
  direction: Target['direction'],
  ...[side, other, floor, aim]: readonly [string, string | null, number, number]
): Target {
  return { from, kind, direction, side, other, floor, aim }
}
