// The file of figures, and the table in the README that is made of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../support/figures.js'

/** A suite that reports figures, and is run for itself: the checks, and the faults under load. */
export type Suite = 'checks' | 'faults'

/** What was measured, and on what. */
export interface Figures {
  readonly date: string
  readonly machine: string
  readonly figures: readonly Figure[]
}

/** What was measured last, of each suite. */
export type AllFigures = Readonly<Record<Suite, Figures>>

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const FILE = path('../figures.json')
const README = path('../../README.md')

const BEGIN = '<!-- Made by `pnpm figures` and `pnpm test:faults` from test/figures.json: do not edit. -->\n'
const END = '<!-- End of what is made. -->'

export function readFigures(): AllFigures {
  return JSON.parse(readFileSync(FILE, 'utf8')) as AllFigures // What writeFigures has written.
}

export function writeFigures(figures: AllFigures): void {
  writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`)
}

/** The README as it is, and as it has to be. */
export function readmeWith(figures: AllFigures): { readonly actual: string; readonly expected: string } {
  const actual = readFileSync(README, 'utf8')
  const begin = actual.indexOf(BEGIN)
  const end = actual.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`README.md: there is no place for the figures: ${BEGIN}`)
  return {
    actual,
    expected: `${actual.slice(0, begin)}${BEGIN}${tablesOf(figures)}${actual.slice(end)}`,
  }
}

export function writeReadme(text: string): void {
  writeFileSync(README, text)
}

function tablesOf({ checks, faults }: AllFigures): string {
  return `
${tableOf('| tried | how often | failed | on what |', checks)}
A server in a process of its own, with real clients, real signals and errors of the system (\`pnpm test:faults\`); what falls short is
listed as well:

${tableOf('| what happens to it | how often | lost | what that was like |', faults)}
`
}

/** A table of figures, as text. */
export function tableOf(head: string, { date, machine, figures }: Figures): string {
  const count = new Intl.NumberFormat('en')
  const lines = figures.map(
    ({ what, tried, failed, detail }) =>
      `| ${what} | ${count.format(tried)} | ${count.format(failed)} | ${detail} |`,
  )
  return `${head}\n|---|---|---|---|\n${lines.join('\n')}\n\nLast run on ${date}, ${machine}.\n`
}
