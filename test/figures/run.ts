// Runs every test of a suite that reports a figure, writes the figures to test/figures.json, and
// makes the tables of the page of promises from them. The first argument is the suite: `checks` by
// default, or `faults`, which runs once for each driver, or for the driver in the second argument.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../support/figures.js'
import {
  type AllFigures,
  DRIVERS,
  type Figures,
  pageWith,
  readFigures,
  tableOfChecks,
  tableOfFaults,
  writeFigures,
  writePage,
} from './table.js'

/** The outcome of a run of tests. */
interface Outcome {
  readonly figures: Figures
  readonly failed: boolean
}

const root = fileURLToPath(new URL('../..', import.meta.url))

const [suite = 'checks', driver] = process.argv.slice(2)
if (suite === 'checks') {
  const { figures, failed } = run(['test', 'long'], {})
  // The failure must be fixed first.
  if (failed) throw new Error('a test failed: there are no figures')
  publish({ checks: figures }, tableOfChecks(figures))
} else {
  const outcomes = (driver === undefined ? DRIVERS : [driver]).map(
    (name) => [name, run([suite], { BLUELET_DRIVER: name })] as const,
  )
  const faults = Object.fromEntries(outcomes.map(([name, { figures }]) => [name, figures]))
  publish({ faults }, tableOfFaults(faults))
  // A loss is published too.
  if (outcomes.some(([, { failed }]) => failed))
    throw new Error('a test failed: see above, and what the figures say was lost')
}

/** Runs the tests of these modes of vitest.config.ts. */
function run(modes: readonly string[], env: NodeJS.ProcessEnv): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'bluelet-figures-'))
  try {
    let failed = false
    for (const mode of modes) {
      const files = filesThatRecord(`.${mode}.ts`)
      if (files.length === 0) continue
      const { status } = spawnSync('vitest', ['run', '--mode', mode, ...files], {
        cwd: root,
        stdio: 'inherit',
        env: { ...process.env, ...env, FIGURES: folder },
      })
      if (status !== 0) failed = true
    }
    const figures = readdirSync(folder)
      .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Figure)
      .sort((a, b) => (a.what < b.what ? -1 : 1))
    const date = new Date().toISOString().slice(0, 10)
    const machine = `Node ${process.versions.node}, ${process.platform} ${release()}, ${availableParallelism()} cores`
    return { figures: { date, machine, figures }, failed }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Writes the figures and the page; CI only prints, since the page is about a developer's machine.
 */
function publish({ checks, faults }: Partial<AllFigures>, table: string): void {
  if (process.env.CI !== undefined) {
    console.log(table)
    return
  }
  const before = readFigures()
  const all = { checks: checks ?? before.checks, faults: { ...before.faults, ...faults } }
  writeFigures(all)
  writePage(pageWith(all).expected)
}

function filesThatRecord(ending: string): string[] {
  const found: string[] = []
  for (const file of readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (file.includes('node_modules') || !file.endsWith(ending)) continue
    // A suite of the harness reports what it has tried if it has left nothing out.
    if (/support\/figures\.js|\(ALL\)/.test(readFileSync(join(root, 'test', file), 'utf8')))
      found.push(join('test', file))
  }
  return found
}
