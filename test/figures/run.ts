// Runs every test of a suite that reports a figure, `checks` unless told otherwise, puts what they report into test/figures.json,
// and makes the README's tables from that.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../support/figures.js'
import {
  type Figures,
  readFigures,
  readmeWith,
  type Suite,
  tableOf,
  writeFigures,
  writeReadme,
} from './table.js'

/** The modes in which vitest.config.ts has their tests. */
const MODES: Readonly<Record<Suite, readonly string[]>> = { checks: ['test', 'long'], faults: ['faults'] }

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bluelet-figures-'))
try {
  const suite = (process.argv[2] ?? 'checks') as Suite // Any other has no modes.
  let failed = false
  for (const mode of MODES[suite]) {
    const files = filesThatRecord(`.${mode}.ts`)
    if (files.length === 0) continue
    const { status } = spawnSync('vitest', ['run', '--mode', mode, ...files], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FIGURES: folder },
    })
    if (status !== 0) failed = true
  }
  // A loss is published as well; a check that fails is to be mended first.
  if (failed && suite === 'checks') throw new Error('a test failed: there are no figures')
  const figures = readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Figure)
    .sort((a, b) => (a.what < b.what ? -1 : 1))
  publish(suite, {
    date: new Date().toISOString().slice(0, 10),
    machine: `Node ${process.versions.node}, ${process.platform} ${release()}, ${availableParallelism()} cores`,
    figures,
  })
  if (failed) throw new Error('a test failed: see above, and what the figures say was lost')
} finally {
  rmSync(folder, { recursive: true })
}

/** The README is about the machine of whoever has changed something: CI only prints. */
function publish(suite: Suite, figures: Figures): void {
  if (process.env.CI !== undefined) {
    console.log(tableOf('| tried | how often | failed or lost | detail |', figures))
    return
  }
  const all = { ...readFigures(), [suite]: figures }
  writeFigures(all)
  writeReadme(readmeWith(all).expected)
}

function filesThatRecord(ending: string): string[] {
  const found: string[] = []
  for (const file of readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (file.includes('node_modules') || !file.endsWith(ending)) continue
    if (readFileSync(join(root, 'test', file), 'utf8').includes('support/figures.js'))
      found.push(join('test', file))
  }
  return found
}
