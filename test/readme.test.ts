// The programs in the documents: each block of TypeScript compiles; each that begins with ```ts run does what it says and ends;
// and what one with ```ts run prints writes stands in the block after it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { readFigures, readmeWith } from './figures/table.js'
import { leavesNothingRunning, startTypeScript } from './support/program.js'

leavesNothingRunning()

/** Made by the tests. */
const directories: string[] = []

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'packages/net/README.md',
  'packages/net/docs/running-a-server.md',
  'packages/net/docs/testing-your-server.md',
]

/** A fenced block: what stands behind the opening fence, the lines, and the number of the first one. */
interface Block {
  readonly info: string
  readonly code: string
  readonly line: number
}

describe.each(documents)('%s', (document) => {
  const text = readFileSync(path.join(root, document), 'utf8')
  const all = blocksOf(document, text)
  const blocks = all.filter(({ info }) => /^(ts|typescript)\b/.test(info))

  it('has programs', () => {
    expect(blocks.length).toBeGreaterThan(0)
  })

  it('has only programs that compile', { timeout: 60_000 }, () => {
    expect(compile(document, blocks)).toEqual([])
  })

  it.each(blocks.filter((block) => has(block, 'run')))(
    'has a program at line $line that runs to its end',
    { timeout: 30_000 },
    async (block) => {
      const file = fileOf(block.code)

      const program = startTypeScript(file)
      const exit = await program.ended()

      expect({ ...exit, stderr: program.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      if (!has(block, 'prints')) return
      const shown = all[all.indexOf(block) + 1]?.code
      expect(program.stdout.replaceAll(path.dirname(file) + path.sep, '')).toBe(shown)
    },
  )

  it('has only links to files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target]) => target!)
    const folder = path.dirname(path.join(root, document))

    const broken = links.filter(
      (target) => !/^[a-z]+:/.test(target) && !existsSync(path.join(folder, target)),
    )

    expect(broken).toEqual([])
  })
})

describe('README.md', () => {
  it('has the figures of test/figures.json', () => {
    const { actual, expected } = readmeWith(readFigures())

    expect(actual).toBe(expected)
  })
})

function has({ info }: Block, word: string): boolean {
  return info.split(/\s+/).includes(word)
}

function blocksOf(document: string, markdown: string): Block[] {
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
  if (open !== null) throw new Error(`${document}: the block that begins at line ${open.line} does not end`)
  return blocks
}

/** Compiles each block as a module of its own, as strictly as everything else here. @returns what is wrong with them */
function compile(document: string, blocks: readonly Block[]): string[] {
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
  const sources = new Map(blocks.map(({ code, line }) => [path.join(root, 'test', `block.${line}.ts`), code]))
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
    return `${document}:${first + file.getLineAndCharacterOfPosition(start ?? 0).line}: ${message}`
  })
}

/** A file with the code, from which the packages can be imported as users do. */
function fileOf(code: string): string {
  const cache = path.join(root, 'test/node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(path.join(cache, 'readme-'))
  directories.push(directory)
  const file = path.join(directory, 'block.mts')
  writeFileSync(file, code)
  return file
}
