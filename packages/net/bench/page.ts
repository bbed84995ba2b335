// The page of the documentation that shows the results; the part of it between two marks is made of them.
import { readFileSync, writeFileSync } from 'node:fs'
import { picturesOf } from './pictures.js'
import type { Results } from './results.js'
import { asMarkdown, tablesOf } from './tables.js'
import { targetsOf } from './targets.js'
import { here } from './toolchains.js'

const PAGE = here('../docs/benchmarks.md')

const BEGIN = '<!-- Made by `pnpm bench` from packages/net/bench/results.json: do not edit. -->\n'
const END = '<!-- End of what is made. -->'

/** The page as it is, and as it has to be. */
export function pageWith(results: Results | null): { readonly actual: string; readonly expected: string } {
  const actual = readFileSync(PAGE, 'utf8')
  const begin = actual.indexOf(BEGIN)
  const end = actual.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`benchmarks.md: there is no place for the results: ${BEGIN}`)
  const made = results === null ? '\nNothing was measured yet.\n' : madeOf(results)
  return { actual, expected: `${actual.slice(0, begin)}${BEGIN}${made}\n${actual.slice(end)}` }
}

export function writePage(results: Results): void {
  writeFileSync(PAGE, pageWith(results).expected)
}

function madeOf(results: Results): string {
  const { date, machine, sides, leftOut } = results
  const pictures = picturesOf(results).map(({ file, title, unit }) => `![${title}: ${unit}](${file})\n`)
  const versions = Object.values(sides).map(({ name, version }) => `| ${name} | ${version} |`)
  const missing = leftOut.map(({ side, from, reason }) => `- ${side} (${from}): ${reason}`)
  return [
    `\nMeasured on ${date}: ${machine}.\n`,
    asMarkdown(targetsOf(results)),
    ...pictures,
    ...tablesOf(results).map(asMarkdown),
    `**Versions**\n\n| | |\n|---|---|\n${versions.join('\n')}\n`,
    `**Left out**\n\n${missing.length === 0 ? '- nothing' : missing.join('\n')}\n`,
  ].join('\n')
}
