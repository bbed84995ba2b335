// Benchmarks of the scheduler: `pnpm bench`. `--quick` measures what has a floor, in half a minute;
// `--base=DIR` compares with another checkout, which has to be built. Every sample is a process of
// its own. The variants take turns, and the output is the median of the ratios within a round.

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * Those that only a complete run measures, and how many times fewer steps they take: they are slow.
 */
const OTHERS: Readonly<Record<string, number>> = { co: 5, effect: 20, effection: 20 }

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, base: { type: 'string' } },
  strict: false, // The benchmarks of the other package have options of their own.
})
const { quick, base } = options
const ROUNDS = quick ? 7 : 9
const STEPS = quick ? 300 : 1000
const here = fileURLToPath(new URL('.', import.meta.url))

console.log(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, Linux ${release()}`)
if (typeof base === 'string') againstBase(base)
else {
  stepsAgainstOthers()
  if (!quick) parkedTasks()
  if (!quick) unattachedProbe()
  memoryOfAParkedTask()
}

/** 1,000 tasks that yield in turn. */
function stepsAgainstOthers(): void {
  const others = quick ? [] : Object.keys(OTHERS)
  const sides = ['bare', 'bare, no queue', 'await', 'yield', 'yield*', ...others]
  const samples = interleave(sides, steps)
  console.log(`\nA step: 1,000 tasks that yield in turn, ns, median of ${ROUNDS} rounds`)
  for (const [side, values] of samples)
    console.log(`  ${side.padEnd(16)} ${median(values).toFixed(1).padStart(8)}`)
  print('yield, steps a second against bare', ratios(samples, 'bare', 'yield'), 'floor 0.65, aim 0.75')
  print('yield, steps a second against bare, no queue', ratios(samples, 'bare, no queue', 'yield'))
  print('yield, steps a second against await', ratios(samples, 'await', 'yield'), 'floor 1.35, aim 1.5')
  print('yield*, cost against yield', ratios(samples, 'yield*', 'yield'), 'floor 2, aim 1.6')
  for (const other of others) {
    print(`yield, steps a second against ${other}`, ratios(samples, other, 'yield'))
  }
}

/** The steps and the memory of this checkout and of another one. */
function againstBase(checkout: string): void {
  const other = sidesOn(checkout)
  try {
    const folders: Readonly<Record<string, string>> = { here: join(here, 'sides'), base: other }
    const both = Object.keys(folders)
    console.log(`\nAgainst ${checkout}: times less, more is better`)
    for (const side of ['yield', 'yield*']) {
      const samples = interleave(both, (which) => steps(side, folders[which]))
      print(`a step, ${side}`, ratios(samples, 'base', 'here'))
    }
    const bytes = new Map(both.map((which) => [which, [bytesOfAParkedTask(folders[which])]]))
    print('memory of a parked task', ratios(bytes, 'base', 'here'))
  } finally {
    rmSync(join(other, '..'), { recursive: true })
  }
}

/** Returns a folder with the same sides, where the name of our package means that of a checkout. */
function sidesOn(checkout: string): string {
  const own = resolve(checkout, 'packages/scheduler')
  if (!existsSync(join(own, 'dist/index.js'))) throw new Error(`${checkout} has not been built`)
  const folder = mkdtempSync(join(tmpdir(), 'bluelet-bench-'))
  mkdirSync(join(folder, 'node_modules/@bluelet'), { recursive: true })
  symlinkSync(own, join(folder, 'node_modules/@bluelet/scheduler'))
  cpSync(join(here, 'sides'), join(folder, 'sides'), { recursive: true })
  return join(folder, 'sides')
}

/** Returns the nanoseconds of a step of this variant. */
function steps(side: string, folder = join(here, 'sides')): number {
  return sampleIn(folder, 'steps.mjs', side, `${STEPS / (OTHERS[side] ?? 1)}`)
}

/** The cost of a step while 100,000 other tasks are parked. */
function parkedTasks(): void {
  const samples = interleave(['0', '100000'], (parked) => sample('parked.mjs', parked))
  console.log('\nA step of one of 100 tasks, while others are parked, ns')
  for (const [parked, values] of samples)
    console.log(`  ${parked.padStart(8)} parked ${median(values).toFixed(1).padStart(8)}`)
  print('100,000 parked against none', ratios(samples, '100000', '0'), '1 is equal')
}

/**
 * Compares the built package with a copy of it from which every mention of a probe has been
 * removed.
 */
function unattachedProbe(): void {
  const cut = copyWithoutProbes()
  try {
    const samples = interleave(['with', 'without'], (side) =>
      sample('probe.mjs', side === 'with' ? '@bluelet/scheduler' : join(cut, 'dist/index.js')),
    )
    console.log('\nA step with and without the code for probes, none attached, ns')
    for (const [side, values] of samples)
      console.log(`  ${side.padEnd(16)} ${median(values).toFixed(1).padStart(8)}`)
    print('with against without', ratios(samples, 'with', 'without'), '1 is equal')
  } finally {
    rmSync(cut, { recursive: true })
  }
}

function memoryOfAParkedTask(): void {
  const bytes = bytesOfAParkedTask()
  console.log(
    `\nA parked task, its generator and what it waits for included: ${bytes.toFixed(0)} bytes (floor 400, aim 320)`,
  )
}

function bytesOfAParkedTask(folder = join(here, 'sides')): number {
  return Number(
    execFileSync(process.execPath, ['--expose-gc', join(folder, 'memory.mjs')], { encoding: 'utf8' }),
  )
}

/** Runs every variant once per round. */
function interleave(sides: readonly string[], measure: (side: string) => number): Map<string, number[]> {
  const samples = new Map(sides.map((side) => [side, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of sides) samples.get(side)?.push(measure(side))
  }
  return samples
}

function sample(file: string, ...args: string[]): number {
  return sampleIn(join(here, 'sides'), file, ...args)
}

function sampleIn(folder: string, file: string, ...args: string[]): number {
  return Number(execFileSync(process.execPath, [join(folder, file), ...args], { encoding: 'utf8' }))
}

function ratios(samples: Map<string, number[]>, above: string, below: string): number[] {
  const belowValues = samples.get(below) ?? []
  return (samples.get(above) ?? []).map((value, round) => value / (belowValues[round] ?? Number.NaN))
}

function print(what: string, values: number[], reach = ''): void {
  const range = `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`
  console.log(`  ${what}: ${median(values).toFixed(2)} (${range})${reach && `   ${reach}`}`)
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

/**
 * Statements that mention probes are on lines of their own, so they can be removed from the emitted
 * files.
 */
function copyWithoutProbes(): string {
  const copy = mkdtempSync(join(tmpdir(), 'bluelet-bench-'))
  cpSync(join(here, '../dist'), join(copy, 'dist'), { recursive: true })
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
  symlinkSync(join(here, '../node_modules'), join(copy, 'node_modules'))
  let cuts = 0
  for (const file of readdirSync(join(copy, 'dist'))) {
    if (!file.endsWith('.js')) continue
    const path = join(copy, 'dist', file)
    const text = readFileSync(path, 'utf8').replace(/if \([\w.]*probes !== null\)\s+[^\n]+;/g, () => {
      cuts++
      return ''
    })
    writeFileSync(path, text)
  }
  if (cuts < 6)
    throw new Error(`expected to cut at least 6 calls of probes, cut ${cuts}: has their form changed?`)
  return copy
}
