// The documents that show the results: the page of the benchmarks, and the first screen of the
// README. The part between two marks is generated.
import { readFileSync, writeFileSync } from 'node:fs'
import { picturesOf } from './pictures.js'
import type { DatedComparison, Results } from './results.js'
import { BASELINE } from './sides.js'
import { median } from './statistics.js'
import { asMarkdown, digits, tablesOf, titleOf } from './tables.js'
import { targetEcho, targetsOf } from './targets.js'
import { here } from './toolchains.js'

/** Each document with the function that generates its part. */
const DOCUMENTS: Readonly<Record<string, (results: Results) => string>> = {
  'packages/net/docs/benchmarks.md': pageOf,
  'README.md': summaryOf,
}

/** The other servers that the README names. */
const OTHERS = [
  ['c', 'a bare loop in C'],
  [BASELINE, 'callbacks on `node:net`'],
  ['go', "Go's goroutines"],
  ['bun', 'Bun.listen'],
  ['asyncio', 'asyncio'],
  ['bluelet', 'Bluelet on Python'],
] as const

const BEGIN = '<!-- Generated from packages/net/bench/results.json by `pnpm bench`: do not edit. -->\n'
const END = '<!-- End of the generated part. -->'

/** The documents as they are, and as they should be. */
export function documentsWith(
  results: Results | null,
): { readonly file: string; readonly actual: string; readonly expected: string }[] {
  return Object.entries(DOCUMENTS).map(([file, made]) => {
    const actual = readFileSync(here(`../../../${file}`), 'utf8')
    const begin = actual.indexOf(BEGIN)
    const end = actual.indexOf(END)
    if (begin < 0 || end < begin) throw new Error(`${file}: there is no place for the results: ${BEGIN}`)
    const text = results === null ? '\nNothing was measured yet.\n' : made(results)
    return { file, actual, expected: `${actual.slice(0, begin)}${BEGIN}${text}\n${actual.slice(end)}` }
  })
}

export function writeDocuments(results: Results): void {
  for (const { file, expected } of documentsWith(results)) writeFileSync(here(`../../../${file}`), expected)
}

function summaryOf(results: Results): string {
  const echo = targetEcho(results)
  const own = echo?.samples['epoll-yield']?.cpu
  if (echo === undefined || own === undefined) return '\nThe `epoll` driver was not measured.\n'
  const { file, title, unit } = picturesOf(results).find(({ comparison }) => comparison === echo)!
  const others = OTHERS.flatMap(([side, name]) => {
    const samples = echo.samples[side]?.cpu
    return samples === undefined ? [] : [{ name, value: median(samples) }]
  })
    .sort((a, b) => a.value - b.value)
    .map(({ name, value }) => `${name} ${digits(value)}`)
  return [
    `\nThis server uses ${digits(median(own))} microseconds of CPU time per echo (Linux, \`epoll\` driver, 64 connections, 64 bytes). In the same run:`,
    `${others.join(', ')}. [The benchmarks](packages/net/docs/benchmarks.md) have the method, the machine, latency, large messages and memory.`,
    `\n![${title}: ${unit}](packages/net/docs/${file})\n`,
  ].join('\n')
}

/** When and where the parts were measured, the latest first. */
function runsOf(comparisons: readonly DatedComparison[]): string {
  const runOf = ({ date, machine }: DatedComparison): string => `Measured on ${date}: ${machine}.`
  const runs = [...new Set(comparisons.map(runOf))].sort().reverse()
  if (runs.length === 1) return runs.join('')
  return runs
    .map((run) => {
      const titles = comparisons.filter((each) => runOf(each) === run).map((each) => `\`${titleOf(each)}\``)
      return `- ${run} Parts: ${titles.join('; ')}.`
    })
    .join('\n')
}

function pageOf(results: Results): string {
  const { sides, leftOut, comparisons } = results
  const pictures = picturesOf(results).map(({ file, title, unit }) => `![${title}: ${unit}](${file})\n`)
  const versions = Object.values(sides).map(({ name, version }) => `| ${name} | ${version} |`)
  const missing = leftOut.map(({ side, from, reason }) => `- ${side} (${from}): ${reason}`)
  return [
    `\n${runsOf(comparisons)}\n`,
    asMarkdown(targetsOf(results)),
    ...pictures,
    ...tablesOf(results).map(asMarkdown),
    `**Versions**\n\n| | |\n|---|---|\n${versions.join('\n')}\n`,
    `**Left out**\n\n${missing.length === 0 ? '- nothing' : missing.join('\n')}\n`,
  ].join('\n')
}
