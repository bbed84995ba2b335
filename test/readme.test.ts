// The documents: their programs compile, run and print their output, quotations match their files,
// and their links lead somewhere. documents/info.ts has what a fenced block may say of itself.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compile } from './documents/compile.js'
import { type Block, documentFiles, parseDocument, readDocument, root } from './documents/document.js'
import { isExcerpt } from './documents/excerpt.js'
import { brokenLinks } from './documents/links.js'
import { pageWith, readFigures } from './figures/table.js'
import { toJavaScript } from './support/compile.js'
import { compiledFile } from './support/compiled.js'
import { printedBy } from './support/printed.js'
import { leavesNothingRunning } from './support/program.js'

leavesNothingRunning()

/** Of the programs of the documents; from it the packages can be imported as users do. */
const programs = folderOfPrograms()

afterAll(() => rmSync(programs, { recursive: true, force: true }))

const documents = documentFiles().map(readDocument)
const broken = parseDocument(
  'broken.md',
  "\n```ts\nconst one = 1\n\nexport const two: number = 'two'\n```\n```ts from=a.ts\nno + such\n```\n```ts run\nconsole.log(one)\n```\n",
)
let faults: Map<string, string[]>
let printed: Map<string, string>

beforeAll(async () => {
  faults = compile([...documents, broken])
  const files = documents.flatMap(({ blocks }) => blocks.flatMap(({ output }) => output ?? []))
  const blocks = documents.flatMap(({ file, blocks }) =>
    blocks.filter(({ run }) => run).map((block) => fileOf(file, block)),
  )
  printed = await printedBy([...new Set(files.map(compiledFile)), ...blocks])
}, 120_000)

it('there are documents, with programs', () => {
  const withPrograms = documents.filter(({ blocks }) => blocks.some(({ language }) => language === 'ts'))

  expect(withPrograms.map(({ file }) => file)).toEqual(
    expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'packages/net/README.md']),
  )
})

it('a program that does not compile is found, each block a module of its own', () => {
  expect(faults.get('broken.md')).toEqual([
    "broken.md:11: Cannot find name 'one'.",
    "broken.md:5: Type 'string' is not assignable to type 'number'.",
  ])
})

describe.each(documents)('$file', (document) => {
  const { file, blocks } = document

  it('has only programs that compile', () => {
    expect(faults.get(file)).toEqual([])
  })

  it.each(blocks.filter(({ prints }) => prints))('has all at line $line that its program prints', (block) => {
    const program = fileOf(file, block)

    const shown = blocks[blocks.indexOf(block) + 1]?.code

    expect(printed.get(program)?.replaceAll(path.dirname(program) + path.sep, '')).toBe(shown)
  })

  it.each(blocks.filter(({ from }) => from !== null))(
    'has lines at line $line that are in their file',
    ({ from, code }) => {
      const there = isExcerpt(code, readFileSync(path.join(root, from!), 'utf8'))

      expect(there, `${from} has no such lines:\n${code}`).toBe(true)
    },
  )

  it.each(blocks.filter(({ output }) => output !== null))(
    'has all at line $line that its file prints',
    ({ output, code }) => {
      expect(code).toBe(printed.get(compiledFile(output!)))
    },
  )

  it('has only links that lead somewhere', () => {
    expect(brokenLinks(document)).toEqual([])
  })
})

describe('promises.md', () => {
  it('has the figures of test/figures.json', () => {
    const { actual, expected } = pageWith(readFigures())

    expect(actual).toBe(expected)
  })
})

function folderOfPrograms(): string {
  const cache = path.join(root, 'test/node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  return mkdtempSync(path.join(cache, 'readme-'))
}

/** Writes a block as a program, and gives its file. */
function fileOf(document: string, { line, code }: Block): string {
  const folder = path.join(programs, `${document.replaceAll('/', '-')}-${line}`)
  const file = path.join(folder, 'block.mjs')
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, toJavaScript(code, path.join(folder, 'block.mts')))
  return file
}
