// Runs every test that reports a figure, writes test/figures.json, and the README's table from it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../support/figures.js'
import { readmeWith, writeFigures, writeReadme } from './table.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bluelet-figures-'))
try {
  for (const [mode, ending] of [
    ['test', '.test.ts'],
    ['long', '.long.ts'],
  ]) {
    const files = filesThatRecord(ending!)
    if (files.length === 0) continue
    const { status } = spawnSync('vitest', ['run', '--mode', mode!, ...files], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, FIGURES: folder },
    })
    if (status !== 0) throw new Error('a test failed: there are no figures')
  }
  const figures = readdirSync(folder)
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Figure)
    .sort((a, b) => (a.what < b.what ? -1 : 1))
  const all = {
    date: new Date().toISOString().slice(0, 10),
    machine: `Node ${process.versions.node}, ${process.platform} ${release()}, ${availableParallelism()} cores`,
    figures,
  }
  writeFigures(all)
  writeReadme(readmeWith(all).expected)
} finally {
  rmSync(folder, { recursive: true })
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
