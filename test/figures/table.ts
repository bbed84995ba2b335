// The file of figures, and the table in the README that is made of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../support/figures.js'

/** What was measured, and on what. */
export interface Figures {
  readonly date: string
  readonly machine: string
  readonly figures: readonly Figure[]
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const FILE = path('../figures.json')
const README = path('../../README.md')

const BEGIN = '<!-- Made by `pnpm figures` from test/figures.json: do not edit. -->\n'
const END = '<!-- End of what is made. -->'

export function readFigures(): Figures {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Figures // What writeFigures has written.
}

export function writeFigures(figures: Figures): void {
  writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`)
}

/** The README as it is, and as it has to be. */
export function readmeWith(figures: Figures): { readonly actual: string; readonly expected: string } {
  const actual = readFileSync(README, 'utf8')
  const begin = actual.indexOf(BEGIN)
  const end = actual.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`README.md: there is no place for the figures: ${BEGIN}`)
  return {
    actual,
    expected: `${actual.slice(0, begin)}${BEGIN}${tableOf(figures)}${actual.slice(end)}`,
  }
}

export function writeReadme(text: string): void {
  writeFileSync(README, text)
}

function tableOf({ date, machine, figures }: Figures): string {
  const count = new Intl.NumberFormat('en')
  const lines = figures.map(
    ({ what, tried, failed, detail }) =>
      `| ${what} | ${count.format(tried)} | ${count.format(failed)} | ${detail} |`,
  )
  return `\n| tried | how often | failed | on what |\n|---|---|---|---|\n${lines.join('\n')}\n\nLast run on ${date}, ${machine}.\n\n`
}
