// The same servers on the packages of another checkout, to compare before and after.
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import type { Results } from './results.js'
import type { Side } from './sides.js'
import { median } from './statistics.js'
import { digits, ratios, type Table, titleOf } from './tables.js'
import { here, scratch } from './toolchains.js'

const PREFIX = 'base '

/** The measurement of each comparison that a pair is judged by, and its unit. */
const KINDS = { memory: ['used', 'bytes'], start: ['ms', 'ms'], other: ['cpu', 'us'] } as const

/**
 * Returns our servers twice: with the packages of this checkout and with those of another one.
 *
 * @throws Error if the other one has not been built
 */
export function inPairs(sides: readonly Side[], checkout: string): Side[] {
  const servers = serversOn(checkout)
  const moved = (part: string) => part.replace(here('servers'), servers)
  return sides
    .filter(({ family }) => family === 'ours')
    .flatMap((side) => [
      side,
      {
        ...side,
        id: `${PREFIX}${side.id}`,
        name: `${side.name}, ${checkout}`,
        commands: Object.fromEntries(
          Object.entries(side.commands).map(([service, command]) => [service, command.map(moved)]),
        ),
      },
    ])
}

/**
 * Returns how many times less each server of this checkout needs than the same one of the other.
 */
export function pairsOf({ sides, comparisons }: Results): Table {
  const rows = comparisons.flatMap((comparison) =>
    Object.keys(comparison.samples).flatMap((id) => {
      const base = `${PREFIX}${id}`
      if (comparison.samples[base] === undefined) return []
      const { what } = comparison
      const [kind, unit] = what === 'memory' || what === 'start' ? KINDS[what] : KINDS.other
      const cell = (side: string) => `${digits(median(comparison.samples[side]![kind]!))} ${unit}`
      const less = ratios(comparison, kind, id, base, 'less')
      const range = `${Math.min(...less).toFixed(2)}-${Math.max(...less).toFixed(2)}`
      const p99 = comparison.samples[id]!.p99 && ratios(comparison, 'p99', id, base, 'more')
      return [
        [
          `${titleOf(comparison)}: ${sides[id]!.name}`,
          cell(base),
          cell(id),
          `${median(less).toFixed(2)} (${range})`,
          p99 === undefined ? '-' : median(p99).toFixed(2),
        ],
      ]
    }),
  )
  const titles = ['', 'base', 'here', 'times less (more is better)', 'p99, times base (less is better)']
  return { title: 'This checkout against the other one', rows: [titles, ...rows] }
}

/**
 * Returns a folder with the same servers, where the names of our packages mean those of a checkout.
 */
function serversOn(checkout: string): string {
  const folder = path.join(scratch(), 'base')
  const packages = path.join(folder, 'node_modules/@bluelet')
  mkdirSync(packages, { recursive: true })
  for (const name of ['scheduler', 'net']) {
    const own = path.resolve(checkout, 'packages', name)
    if (!existsSync(path.join(own, 'dist/index.js'))) throw new Error(`${checkout} has not been built`)
    symlinkSync(own, path.join(packages, name))
  }
  cpSync(here('servers'), path.join(folder, 'servers'), { recursive: true })
  return path.join(folder, 'servers')
}
