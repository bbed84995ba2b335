// The worst mistake is an event that is not yielded: nothing happens, without a report. Events are
// typed as promises, so that a stock lint rule finds it, in the projects of users too.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const biome = join(
  dirname(createRequire(import.meta.url).resolve('@biomejs/biome/package.json')),
  'bin/biome',
)

let project: string

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'bluelet-lint-'))
  const installed = join(project, 'node_modules/@bluelet/scheduler')
  mkdirSync(installed, { recursive: true })
  cpSync(join(root, 'packages/scheduler/dist'), join(installed, 'dist'), { recursive: true })
  cpSync(join(root, 'packages/scheduler/package.json'), join(installed, 'package.json'))
  write('package.json', JSON.stringify({ type: 'module' }))
  write(
    'biome.json',
    JSON.stringify({ linter: { rules: { preset: 'none', nursery: { noFloatingPromises: 'error' } } } }),
  )
})

afterAll(() => {
  rmSync(project, { recursive: true })
})

function write(name: string, text: string): void {
  writeFileSync(join(project, name), text)
}

interface Report {
  readonly diagnostics: readonly {
    readonly category: string
    readonly location: { start?: { line: number } }
  }[]
}

/** The lines of a program that the rule reports. */
function reportedLines(program: string): number[] {
  write('program.ts', program)
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', '--reporter=json', 'program.ts'], {
    cwd: project,
    encoding: 'utf8',
  })
  if (!stdout.includes('{')) throw new Error(`biome did not report: ${stderr}`)
  const { diagnostics } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report
  return diagnostics
    .filter(({ category }) => category.endsWith('noFloatingPromises'))
    .map(({ location }) => location.start?.line ?? 0)
}

describe('noFloatingPromises of Biome', () => {
  it('reports an event that is not yielded, and no other', () => {
    const program = `
import { Channel, join, pause, sleep, spawn } from '@bluelet/scheduler'

export function* main() {
  const channel = new Channel<number>()
  sleep(10)
  pause()
  spawn(main)
  channel.send(1)
  yield sleep(10)
  yield* pause()
  const task = yield* spawn(main)
  yield join(task)
  channel.trySend(1)
}
`

    const lines = reportedLines(program)

    expect(lines.map((line) => program.split('\n')[line - 1]?.trim())).toEqual([
      'sleep(10)',
      'pause()',
      'spawn(main)',
      'channel.send(1)',
    ])
  })

  it('is enabled in this repository', () => {
    const { linter } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))

    expect(linter.rules.nursery.noFloatingPromises).toBe('error')
  })
})
