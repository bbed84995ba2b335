// The numbers of promises: docs/promises.md of @bluelet/net defines them, and tests cite them as
// "Promise 7: ..." for one of the scheduler, and as "Promise 6 of the network: ..." for one of the
// network.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const PAGE = 'packages/net/docs/promises.md'
/** The headings of the tables that number their rows, and what follows a number from them. */
const TABLES: Readonly<Record<string, string>> = { 'The scheduler': '', 'The network': ' of the network' }

const CITATION = /\bpromises? (\d+(?:(?:,| and|, and) \d+)*)( of the network)?/gi

/** The promises that a text cites, as `promise 6 of the network`. */
function citedIn(text: string): string[] {
  const unwrapped = text.replaceAll(/\n\/\/ ?/g, ' ')
  return [...unwrapped.matchAll(CITATION)].flatMap(([, numbers = '', network = '']) =>
    numbers.match(/\d+/g)!.map((number) => `promise ${number}${network}`),
  )
}

/**
 * The promises of a page, each with the files and folders that its rows link to, from the root of
 * the repository.
 */
function definedIn(page: string): Map<string, string[]> {
  const defined = new Map<string, string[]>()
  for (const section of page.split(/^## /m)) {
    const suffix = TABLES[section.slice(0, section.indexOf('\n'))]
    if (suffix === undefined) continue
    for (const [, number, cells = ''] of section.matchAll(/^\| (\d+) \|(.*)$/gm)) {
      const links = [...cells.matchAll(/\]\(([^)]+)\)/g)].map(([, to]) =>
        path.posix.join(path.dirname(PAGE), to!),
      )
      const name = `promise ${number}${suffix}`
      defined.set(name, [...(defined.get(name) ?? []), ...links])
    }
  }
  return defined
}

/** A file, or every file of TypeScript in a folder. */
function filesIn(place: string): string[] {
  if (statSync(path.join(root, place)).isFile()) return [place]
  return readdirSync(path.join(root, place), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/node_modules|dist/.test(file))
    .map((file) => path.posix.join(place, file.replaceAll('\\', '/')))
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')

const defined = definedIn(read(PAGE))
const citations = filesIn('test')
  .filter((file) => file !== 'test/promises.test.ts')
  .flatMap((file) => citedIn(read(file)).map((promise) => ({ file, promise })))

describe('promises.md', () => {
  it('numbers the promises of both packages, without a gap', () => {
    const names = [
      ...Array.from({ length: 15 }, (_, i) => `promise ${i + 1}`),
      ...Array.from({ length: 10 }, (_, i) => `promise ${i + 1} of the network`),
    ]

    expect([...defined.keys()]).toEqual(names)
  })

  it.each([...defined])('links %s to a test that cites it', (promise, links) => {
    const files = new Set(links.flatMap(filesIn))

    expect(
      citations.filter((citation) => citation.promise === promise && files.has(citation.file)),
    ).not.toEqual([])
  })
})

describe('a test', () => {
  it('cites only promises that the page defines', () => {
    expect(citations.filter(({ promise }) => !defined.has(promise))).toEqual([])
  })
})

describe('a title', () => {
  it('has no code that nothing defines, such as a letter with a number', () => {
    const titles = filesIn('test').flatMap((file) =>
      [...read(file).matchAll(/['"`][A-Z]\d{1,2}(?:, [A-Z]\d{1,2})*: .*/g)].map(
        ([code]) => `${file}: ${code}`,
      ),
    )

    expect(titles).toEqual([])
  })
})

describe('citedIn', () => {
  it.each([
    ['// Promise 7: an error.', ['promise 7']],
    ['// Promises 3 and 13: a task.', ['promise 3', 'promise 13']],
    [
      '// The rules of promises 1,\n// 4, and 6 of the network.',
      ['promise 1', 'promise 4', 'promise 6'].map((name) => `${name} of the network`),
    ],
    ['// A promise, 6 times; compromise 6.', []],
  ])('finds in %j %j', (text, promises) => {
    expect(citedIn(text)).toEqual(promises)
  })
})
