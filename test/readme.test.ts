// The README's programs: each block of TypeScript compiles, and each that begins with ```ts run does what it says and ends.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { leavesNothingRunning, startTypeScript } from './support/program.js'

leavesNothingRunning()

/** Made by the tests. */
const directories: string[] = []

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')

/** A fenced block: what stands behind the opening fence, the lines, and the number of the first one. */
interface Block {
  readonly info: string
  readonly code: string
  readonly line: number
}

const blocks = blocksOf(readme).filter(({ info }) => /^(ts|typescript)\b/.test(info))

describe('README.md', () => {
  it('has programs', () => {
    expect(blocks.length).toBeGreaterThan(0)
  })

  it('has only programs that compile', { timeout: 60_000 }, () => {
    expect(compile(blocks)).toEqual([])
  })

  it.each(blocks.filter(({ info }) => info.split(/\s+/).includes('run')))(
    'has a program at line $line that runs to its end',
    { timeout: 30_000 },
    async ({ code }) => {
      const file = fileOf(code)

      const program = startTypeScript(file)
      const exit = await program.ended()

      expect({ ...exit, stderr: program.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    },
  )

  it('has only links to files that are there', () => {
    const links = [...readme.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target]) => target!)

    const broken = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(path.join(root, target)))

    expect(broken).toEqual([])
  })
})

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; info: string; line: number; lines: string[] } | null = null
  for (const [i, line] of markdown.split('\n').entries()) {
    const [, fence, info] = /^\s*(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line) ?? []
    if (open === null) {
      if (fence !== undefined) open = { fence, info: info!, line: i + 2, lines: [] }
    } else if (fence?.startsWith(open.fence) && info === '') {
      blocks.push({ info: open.info, line: open.line, code: `${open.lines.join('\n')}\n` })
      open = null
    } else open.lines.push(line)
  }
  if (open !== null) throw new Error(`README.md: the block that begins at line ${open.line} does not end`)
  return blocks
}

/** Compiles each block as a module of its own, as strictly as everything else here. @returns what is wrong with them */
function compile(blocks: readonly Block[]): string[] {
  const config = path.join(root, 'tsconfig.check.json')
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(
    json,
    { ...ts.sys, readDirectory: () => [] },
    root,
    {},
    config,
  )
  // In the directory of the tests, from which the packages can be imported.
  const sources = new Map(
    blocks.map(({ code, line }) => [path.join(root, 'test', `README.md.${line}.ts`), code]),
  )
  const settings = { ...options, incremental: false, moduleDetection: ts.ModuleDetectionKind.Force }
  const host = ts.createCompilerHost(settings)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => sources.has(path.normalize(file)) || fileExists(file)
  host.readFile = (file) => sources.get(path.normalize(file)) ?? readFile(file)
  host.getSourceFile = (file, language, ...rest) => {
    const code = sources.get(path.normalize(file))
    if (code === undefined) return getSourceFile(file, language, ...rest)
    return ts.createSourceFile(file, code, language)
  }
  const program = ts.createProgram([...sources.keys()], settings, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    if (file === undefined) return message
    const first = Number(file.fileName.split('.').at(-2))
    return `README.md:${first + file.getLineAndCharacterOfPosition(start ?? 0).line}: ${message}`
  })
}

/** A file with the code, from which the packages can be imported as users do. */
function fileOf(code: string): string {
  const cache = path.join(root, 'test/node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(path.join(cache, 'readme-'))
  directories.push(directory)
  const file = path.join(directory, 'block.ts')
  writeFileSync(file, code)
  return file
}
