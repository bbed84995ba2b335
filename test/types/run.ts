// Compiles good/ and bad/ against the built packages with each supported version of TypeScript,
// with the types of Node and in a project that loads none by itself, and compares the diagnostics
// with the comments. In bad/, the line after a comment `// error: <part of the message>` must fail
// exactly once. Every other line must compile.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const versions = ['typescript-5.9', 'typescript-6.0', 'typescript-7.0']

/**
 * What a project of `tsc --init` says, since TypeScript 5.9, and what the handbook of Node says.
 */
const types = { 'types: []': [], "types: ['node']": ['--types', 'node'] }

interface Diagnostic {
  /** `bad/yield.ts:12`, or empty if the message names no file. */
  readonly place: string
  /** The whole message, with its indented continuation lines. */
  readonly message: string
}

const here = dirname(fileURLToPath(import.meta.url))
const expectations = readExpectations()
let failed = false

for (const name of versions) {
  for (const [loaded, flags] of Object.entries(types)) {
    const { version, diagnostics } = compile(name, flags)
    const differences = compare(diagnostics)

    const result = differences.length === 0 ? 'ok  ' : 'FAIL'
    console.log(`${result} TypeScript ${version}, ${loaded}: ${summary(differences.length)}`)
    for (const difference of differences) console.log(difference)
    failed ||= differences.length > 0
  }
}

process.exitCode = failed ? 1 : 0

function summary(differences: number): string {
  const good = readdirSync(join(here, 'good')).length

  return `${good} good files, ${expectations.size} expected errors, ${differences} differences`
}

function compile(name: string, flags: readonly string[]): { version: string; diagnostics: Diagnostic[] } {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8'))
  const tsc = [
    join(dirname(manifest), bin.tsc),
    '-p',
    'tsconfig.json',
    '--noEmit',
    '--pretty',
    'false',
    ...flags,
  ]
  const { stdout, stderr, status } = spawnSync(process.execPath, tsc, { cwd: here, encoding: 'utf8' })
  const diagnostics = parse(stdout)

  // A compiler that did not run must not count as one that found no errors.
  if (stderr || status === null || (status !== 0 && diagnostics.length === 0)) {
    diagnostics.push({ place: '', message: `${name} ended with ${status}: ${stderr}${stdout}` })
  }
  return { version, diagnostics }
}

function parse(output: string): Diagnostic[] {
  const diagnostics: { place: string; message: string }[] = []

  for (const line of output.split(/\r?\n/)) {
    const start = /^(.+?)\((\d+),\d+\): error (TS\d+: .*)$/.exec(line)
    const last = diagnostics.at(-1)

    if (start) diagnostics.push({ place: `${start[1]}:${start[2]}`, message: start[3] ?? '' })
    else if (last && /^\s/.test(line)) last.message += `\n${line}`
    else if (line) diagnostics.push({ place: '', message: line })
  }
  return diagnostics
}

function readExpectations(): Map<string, string> {
  const found = new Map<string, string>()

  for (const file of readdirSync(join(here, 'bad'))) {
    const lines = readFileSync(join(here, 'bad', file), 'utf8').split('\n')
    for (const [index, line] of lines.entries()) {
      const part = /^\s*\/\/ error: (.+?)\s*$/.exec(line)?.[1]
      // The comment is on line index + 1; it refers to the next line.
      if (part) found.set(`bad/${file}:${index + 2}`, part)
    }
  }
  return found
}

function compare(diagnostics: readonly Diagnostic[]): string[] {
  const differences: string[] = []
  const missing = new Map(expectations)

  for (const { place, message } of diagnostics) {
    const part = missing.get(place)
    if (part !== undefined && message.includes(part)) missing.delete(place)
    else if (part !== undefined)
      differences.push(`  ${place} is another error than "${part}":\n${indent(message)}`)
    else differences.push(`  ${place || 'no file'} is an error that no comment expects:\n${indent(message)}`)
  }
  for (const [place, part] of missing) {
    if (!diagnostics.some((diagnostic) => diagnostic.place === place)) {
      differences.push(`  ${place} compiles, expected an error with "${part}"`)
    }
  }
  return differences
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
