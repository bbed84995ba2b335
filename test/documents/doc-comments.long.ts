// The examples in doc comments: they compile, run to their end, and leave no socket open. stage.ts
// has what they take for granted.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toJavaScript } from '../support/compile.js'
import { compiledFile } from '../support/compiled.js'
import { declaredIn } from '../support/declarations.js'
import { javaScript, leavesNothingRunning, start } from '../support/program.js'
import { compile } from './compile.js'
import { type Document, root } from './document.js'

leavesNothingRunning()

/** An example, and where it stands. */
interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}

/** The entries whose names an example uses without importing them. */
const ENTRIES = [
  ['@bluelet/scheduler', 'scheduler', 'index'],
  ['@bluelet/scheduler/lowlevel', 'scheduler', 'lowlevel'],
  ['@bluelet/scheduler/testing', 'scheduler', 'testing'],
  ['@bluelet/scheduler/trace', 'scheduler', 'trace'],
  ['@bluelet/net', 'net', 'index'],
  ['@bluelet/net/monitor', 'net', 'monitor'],
  ['@bluelet/net/testing', 'net', 'testing'],
  ['@bluelet/net/trace', 'net', 'trace'],
] as const

/** The names of the stage. It has a `run` of its own, since a server on a port never ends. */
const STAGED =
  'a, b, button, conn, echoer, fetchPage, fetchUser, goodbye, handler, main, reader, run, scheduler, semaphore, session, signal, urls, withdraw, work, worker, writer'

const OTHERS = `
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import type { Stage } from './documents/stage.js'
type MouseEvent = { readonly clientX: number }
`

const examples = ['scheduler', 'net'].flatMap(sourcesOf).flatMap(examplesIn)
const modules = examples.map(moduleOf)
const folder = folderOfPrograms()
let faults: Map<string, string[]>

beforeAll(() => {
  const documents = examples.map(({ file, line }, i): Document => {
    const code = modules[i]!
    const block = { language: 'ts', run: false, prints: false, from: null, output: null, code, line }
    return { file: `${file}:${line}`, blocks: [block], links: [], anchors: new Set() }
  })
  faults = compile(documents)
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('there are examples', () => {
  expect(examples.length).toBeGreaterThan(20)
})

describe.each(examples.map((example, i) => ({ ...example, i })))('$file:$line', ({ file, line, code, i }) => {
  it('compiles', () => {
    expect(faults.get(`${file}:${line}`)).toEqual([])
  })

  it('runs, and leaves no socket open', async () => {
    const program = start(...javaScript(programOf(modules[i]!, isAsync(code), i)))

    const exit = await program.ended(20_000)

    expect({ ...exit, stderr: program.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })
})

/** The sources of a package, from the root of the repository. */
function sourcesOf(name: string): string[] {
  const sources = `packages/${name}/src`
  return readdirSync(path.join(root, sources), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${sources}/${file.replaceAll('\\', '/')}`)
    .sort()
}

function examplesIn(file: string): Example[] {
  const source = readFileSync(path.join(root, file), 'utf8')
  return [...source.matchAll(/^ *\* @example\n((?: *\*(?! @|\/).*\n)+)/gm)].map(({ 1: lines, index }) => ({
    file,
    line: source.slice(0, index).split('\n').length + 1,
    code: lines!.replace(/^ *\* ?/gm, ''),
  }))
}

/** Whether it is the inside of an async function, and not of a coroutine. */
function isAsync(code: string): boolean {
  return /^await /m.test(code)
}

/** The example as a function of a module of its own. */
function moduleOf({ code }: Example): string {
  const words = new Set(code.match(/\w+/g))
  const imports = ENTRIES.map(([entry, name, file]) => {
    const used = declaredIn(name, file).filter(
      ({ name }) => words.has(name) && !['run', 'null'].includes(name),
    )
    const names = used.map(({ name, kind }) => (kind === 'type' ? `type ${name}` : name))
    return `import { ${names.join(', ')} } from '${entry}'`
  })
  const head = isAsync(code)
    ? `export async function example({ ${STAGED} }: Stage): Promise<void>`
    : `export function* example({ ${STAGED} }: Stage): Generator<any, void, any>`
  return `${imports.join('\n')}${OTHERS}${head} {{\n${code}}}\n`
}

/** A program that runs it. */
function programOf(module: string, isAsync: boolean, i: number): string {
  const file = path.join(folder, `${i}.mjs`)
  const stage = path.relative(folder, path.join(root, compiledFile('test/documents/stage.ts')))
  const running = isAsync ? 'await example(stage)' : 'await perform(example)'
  const source = `import { perform, stage } from '${stage}'\n${module}\nprocess.chdir(${JSON.stringify(folder)})\n${running}\n`
  writeFileSync(file, toJavaScript(source, file.replace(/mjs$/, 'mts')))
  return file
}

function folderOfPrograms(): string {
  const cache = path.join(root, 'test/node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(path.join(cache, 'doc-comments-'))
  writeFileSync(path.join(folder, 'notes.txt'), 'notes')
  return folder
}
