// The file of figures, and the tables that the documentation has of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../support/figures.js'

/** What was measured, and on what. */
export interface Figures {
  readonly date: string
  readonly machine: string
  readonly figures: readonly Figure[]
}

/** The figures of each driver. */
export type Faults = Readonly<Record<string, Figures>>

/** The last figures of each suite: the checks, and the faults under load. */
export interface AllFigures {
  readonly checks: Figures
  readonly faults: Faults
}

/** The drivers that the fault suite tests, the preferred one first. */
export const DRIVERS: readonly string[] = ['epoll', 'node']

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const FILE = path('../figures.json')
const PAGE = path('../../packages/net/docs/promises.md')

const BEGIN =
  '<!-- Generated from test/figures.json by `pnpm figures` and `pnpm test:faults`: do not edit. -->\n'
const END = '<!-- End of the generated part. -->'

export function readFigures(): AllFigures {
  return JSON.parse(readFileSync(FILE, 'utf8')) as AllFigures // What writeFigures has written.
}

export function writeFigures(figures: AllFigures): void {
  writeFileSync(FILE, `${JSON.stringify(figures, null, 2)}\n`)
}

/** The page as it is, and as it should be. */
export function pageWith(figures: AllFigures): { readonly actual: string; readonly expected: string } {
  const actual = readFileSync(PAGE, 'utf8')
  const begin = actual.indexOf(BEGIN)
  const end = actual.indexOf(END)
  if (begin < 0 || end < begin)
    throw new Error(`promises.md: no place for the figures, which is marked by ${BEGIN}`)
  return {
    actual,
    expected: `${actual.slice(0, begin)}${BEGIN}${tablesOf(figures)}${actual.slice(end)}`,
  }
}

export function writePage(text: string): void {
  writeFileSync(PAGE, text)
}

function tablesOf({ checks, faults }: AllFigures): string {
  return `
${tableOfChecks(checks)}
These tests start a server in a process of its own, with real clients, real signals and system errors (\`npx -y pnpm@12 test:faults\`),
for each driver. The table also lists what falls short. The details are those of \`epoll\`, and those of \`node\` where \`node\` lost more;
[test/figures.json](../../../test/figures.json) has the rest.

${tableOfFaults(faults)}
`
}

/** What was checked, as text. */
export function tableOfChecks(checks: Figures): string {
  const rows = checks.figures.map(({ what, tried, failed, detail }) => [
    what,
    count(tried),
    count(failed),
    detail,
  ])
  return `${table(['case', 'tried', 'failed', 'details'], rows)}\nLast run on ${lastRun(checks)}.\n`
}

/** What was lost by each driver, as text. */
export function tableOfFaults(faults: Faults): string {
  const drivers = DRIVERS.filter((driver) => driver in faults)
  const all = drivers.flatMap((driver) => faults[driver]!.figures.map((figure) => ({ driver, ...figure })))
  const rows = [...new Set(all.map(({ what }) => what))].sort().map((what) => {
    const each = drivers.map((driver) => all.find((one) => one.driver === driver && one.what === what))
    const [first, ...others] = each.filter((one) => one !== undefined)
    const listed = others.filter(({ failed }) => failed > first!.failed)
    return [
      what,
      ...each.map((one) => (one === undefined ? '' : `${count(one.failed)} of ${count(one.tried)}`)),
      [first!.detail, ...listed.map(({ driver, detail }) => `by \`${driver}\`: ${detail}`)].join('; '),
    ]
  })
  const head = ['what happens to the server', ...drivers.map((driver) => `lost by \`${driver}\``), 'details']
  const runs = drivers.map((driver) => `by \`${driver}\` on ${lastRun(faults[driver]!)}`)
  return `${table(head, rows)}\nLast run ${runs.join('; ')}.\n`
}

function lastRun({ date, machine }: Figures): string {
  return `${date}, ${machine}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`
}

function count(number: number): string {
  return new Intl.NumberFormat('en').format(number)
}
