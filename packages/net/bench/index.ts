// Compares our servers with the alternatives: CPU time per echo and per connection, memory of an
// idle connection, time to the first reply. `--echo`, `--connects`, `--memory` and `--start`
// measure some of these; `--only=epoll-yield,go` measures some of the servers; `--quick` is a short
// run. A complete run writes results.json, the generated parts of the documents, and the pictures;
// `--write` makes any run do so, and `--page` generates documents and pictures from the existing
// results.
import { parseArgs } from 'node:util'
import { compareEcho, type EchoOptions } from './echo.js'
import { makeLoad } from './load.js'
import { chooseCores, describeMachine } from './machine.js'
import { compareMemory } from './memory.js'
import { writeDocuments } from './page.js'
import { writePictures } from './pictures.js'
import { type Comparison, type Results, readResults, writeResults } from './results.js'
import { type LeftOut, prepareSides } from './sides.js'
import { compareStart } from './start.js'
import { asText, tablesOf } from './tables.js'
import { targetsOf } from './targets.js'

const ECHO_CONNECTIONS = [1, 64, 1000]
const ECHO_BYTES = [64, 64 * 1024]

/** Number of clients that connect again and again at the same time. */
const CONNECTING = 64

const flag = { type: 'boolean', default: false } as const
const { values: options } = parseArgs({
  options: {
    quick: flag,
    write: flag,
    echo: flag,
    connects: flag,
    memory: flag,
    start: flag,
    page: flag,
    only: { type: 'string' },
  },
})
if (options.page) {
  publish(readResults())
  process.exit()
}
const { quick } = options
const everyPart = !(options.echo || options.connects || options.memory || options.start)
const began = performance.now()
const cores = chooseCores()
const machine = describeMachine()
const { sides, leftOut } = prepareSides(options.only?.split(',') ?? null)
const comparisons: Comparison[] = []

console.log(machine)
for (const { name, version } of sides) console.log(`  ${name}: ${version}`)
for (const each of leftOut) tell(each)

if (everyPart || options.echo || options.connects) {
  const load = makeLoad()
  const timing = {
    rounds: quick ? 1 : 9,
    seconds: quick ? 0.2 : 1,
    warmUpSeconds: quick ? 0.05 : 0.2,
    firstWarmUpSeconds: quick ? 0.2 : 1.5,
  }
  const compare = async (size: Pick<EchoOptions, 'what' | 'connections' | 'messageBytes'>) =>
    keep(await compareEcho(sides, load, cores, { ...size, ...timing }))
  if (everyPart || options.echo) {
    for (const messageBytes of ECHO_BYTES) {
      for (const connections of ECHO_CONNECTIONS) await compare({ what: 'echo', connections, messageBytes })
    }
  }
  if (everyPart || options.connects) {
    await compare({ what: 'connects', connections: CONNECTING, messageBytes: ECHO_BYTES[0]! })
  }
}
if (everyPart || options.memory) {
  keep(await compareMemory(sides, { rounds: quick ? 1 : 3, connections: quick ? 1000 : 10_000 }))
}
if (everyPart || options.start) keep(await compareStart(sides, cores, quick ? 1 : 15))

const results: Results = {
  date: new Date().toISOString().slice(0, 10),
  machine,
  sides: Object.fromEntries(sides.map(({ id, name, family, version }) => [id, { name, family, version }])),
  leftOut,
  comparisons,
}
for (const table of [...tablesOf(results), targetsOf(results)]) {
  if (table.rows.length > 1) console.log(asText(table))
}
console.log(`\n${((performance.now() - began) / 60_000).toFixed(1)} minutes`)
if (options.write || (!quick && everyPart && options.only === undefined)) {
  writeResults(results)
  publish(results)
}

/** Generates the documents and their pictures. */
function publish(results: Results | null): void {
  if (results === null) throw new Error('there are no results yet')
  writeDocuments(results)
  writePictures(results)
}

function keep(part: { comparison: Comparison; leftOut: readonly LeftOut[] }): void {
  comparisons.push(part.comparison)
  leftOut.push(...part.leftOut)
  const { what, connections, messageBytes } = part.comparison
  console.log(
    `measured: ${what}, ${connections} x ${messageBytes} B, after ${((performance.now() - began) / 60_000).toFixed(1)} minutes`,
  )
  for (const each of part.leftOut) tell(each)
}

function tell({ side, from, reason }: LeftOut): void {
  console.log(`left out: ${side} (${from}): ${reason}`)
}
