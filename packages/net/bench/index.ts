// Compares our servers with the alternatives: CPU time per message and per connection, memory of an
// idle connection, time to the first reply. `--echo`, `--lines`, `--pieces`, `--redis`,
// `--connects`, `--tls`, `--handshakes`, `--datagrams`, `--bursts`, `--memory` and `--start`
// measure some of these; `--only=epoll-yield,go` measures some of the servers; `--quick` measures
// the ratios that have a floor, in less than five minutes; `--base=DIR` compares our servers with
// those of another checkout, which has to be built. A complete run writes results.json, the
// generated parts of the documents, and the pictures; `--write` makes any run do so, which keeps
// the earlier results of the parts that it has not measured, and `--page` generates documents and
// pictures from the existing results.
import { parseArgs } from 'node:util'
import { inPairs, pairsOf } from './base.js'
import { type Load, makeLoad } from './load.js'
import { chooseCores, describeMachine } from './machine.js'
import { compareMemory } from './memory.js'
import { writeDocuments } from './page.js'
import { writePictures } from './pictures.js'
import { findRedisLoad } from './redis.js'
import {
  type Comparison,
  type DatedComparison,
  mergedWith,
  type Results,
  readResults,
  writeResults,
} from './results.js'
import { type LeftOut, prepareSides, type Side, serves } from './sides.js'
import { compareStart } from './start.js'
import { asText, tablesOf, titleOf } from './tables.js'
import { sidesOfTargets, targetsOf } from './targets.js'
import { memoryEffort, startRounds, timingOf } from './timing.js'
import { compareTraffic } from './traffic.js'
import { WORKLOAD_KINDS, type Workload, workloads } from './workloads.js'

const PARTS = [...WORKLOAD_KINDS, 'memory', 'start'] as const

const flag = { type: 'boolean', default: false } as const
const { values: options } = parseArgs({
  options: {
    quick: flag,
    write: flag,
    echo: flag,
    lines: flag,
    pieces: flag,
    redis: flag,
    connects: flag,
    tls: flag,
    handshakes: flag,
    datagrams: flag,
    bursts: flag,
    memory: flag,
    start: flag,
    page: flag,
    only: { type: 'string' },
    base: { type: 'string' },
  },
})
if (options.page) {
  publish(readResults())
  process.exit()
}
const { quick, base } = options
const everyPart = PARTS.every((part) => !options[part])
const began = performance.now()
const cores = chooseCores()
const machine = describeMachine()
const prepared = prepareSides(selectedSides())
const { leftOut } = prepared
const sides = base === undefined ? prepared.sides : inPairs(prepared.sides, base)
const comparisons: DatedComparison[] = []
const date = new Date().toISOString().slice(0, 10)
const loads = new Map<string, Load>()

console.log(machine)
for (const { name, version } of sides) console.log(`  ${name}: ${version}`)
for (const each of leftOut) tell(each)

for (const workload of workloads) {
  const { what, service, messageBytes } = workload
  const taking = sidesFor(titleOf(workload)).filter((side) => serves(side, service, messageBytes))
  const load = isSelected(what) && taking.length > 0 ? loadFor(workload) : null
  if (load !== null) keep(await compareTraffic(taking, load, cores, workload, timingOf(workload, quick)))
}
if (isSelected('memory')) keep(await compareMemory(sidesFor('memory'), memoryEffort(quick)))
if (isSelected('start')) keep(await compareStart(sidesFor('start'), cores, startRounds(quick)))

const results: Results = {
  sides: Object.fromEntries(sides.map(({ id, name, family, version }) => [id, { name, family, version }])),
  leftOut,
  comparisons,
}
const tables = quick ? [] : tablesOf(results)
for (const table of [...tables, base === undefined ? targetsOf(results) : pairsOf(results)]) {
  if (table.rows.length > 1) console.log(asText(table))
}
console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes`)
const complete = !quick && everyPart && options.only === undefined && base === undefined
if (options.write || complete) {
  const earlier = complete ? null : readResults()
  const titles = [...workloads.map(titleOf), 'memory', 'start']
  const all = earlier === null ? results : mergedWith(earlier, results, titles, titleOf)
  writeResults(all)
  publish(all)
}

/** Generates the documents and their pictures. */
function publish(results: Results | null): void {
  if (results === null) throw new Error('there are no results yet')
  writeDocuments(results)
  writePictures(results)
}

function isSelected(part: (typeof PARTS)[number]): boolean {
  return everyPart || options[part]
}

/** The servers to prepare; null: all of them. */
function selectedSides(): string[] | null {
  if (options.only !== undefined) return options.only.split(',')
  if (!quick) return null
  const titles = [...workloads.map(titleOf), 'memory', 'start']
  return [...new Set(titles.flatMap((title) => [...sidesOfTargets(title)]))]
}

/** The servers that take part in a comparison: in a quick run, those that its targets name. */
function sidesFor(title: string): Side[] {
  if (!quick || options.only !== undefined || base !== undefined) return sides
  const named = sidesOfTargets(title)
  return sides.filter(({ id }) => named.has(id))
}

/** The load for a workload; null if it is not available here. */
function loadFor({ what, service }: Workload): Load | null {
  if (service !== 'redis' && service !== 'tls') return loadOf('own', makeLoad)
  try {
    return service === 'redis' ? findRedisLoad() : loadOf('tls', () => makeLoad({ tls: true }))
  } catch (error) {
    const missing = { side: 'all', from: what, reason: (error as Error).message }
    leftOut.push(missing)
    tell(missing)
    return null
  }
}

/** A load that is made once. */
function loadOf(name: string, make: () => Load): Load {
  const load = loads.get(name) ?? make()
  loads.set(name, load)
  return load
}

function keep(part: { comparison: Comparison; leftOut: readonly LeftOut[] }): void {
  comparisons.push({ ...part.comparison, date, machine })
  leftOut.push(...part.leftOut)
  const minutes = ((performance.now() - began) / 60_000).toFixed(1)
  console.log(`measured: ${titleOf(part.comparison)}, after ${minutes} minutes`)
  for (const each of part.leftOut) tell(each)
}

function tell({ side, from, reason }: LeftOut): void {
  console.log(`left out: ${side} (${from}): ${reason}`)
}
