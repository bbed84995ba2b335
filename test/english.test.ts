// The English of sources, tests, examples and documents: words and constructions that a native
// reviewer would send back. It decides what a regular expression can decide; it does not judge
// style.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** This file quotes what it forbids. */
const THIS_FILE = 'test/english.test.ts'

const READ = /\.([cm]?[jt]s|c|cc|h|css|json|md|py|sh|ya?ml)$|^\.ci\/run$/
const GENERATED = /^pnpm-lock\.yaml$|\/results\.json$|^test\/figures\.json$|CHANGELOG\.md$/

/**
 * What is forbidden, each with an example of it and the idiomatic form. A space also matches a line
 * break in a comment.
 */
const FORBIDDEN: readonly (readonly [pattern: string, bad: string, good: string])[] = [
  ['(nobody|somebody|anybody)', 'an error that nobody joined for', 'an error that no task joined for'],
  ['(whom|whomever|whoever|whosoever)', 'Whoever waits gets it', 'Every waiting task gets it'],
  ['Who [^?.:|\\n]*[.:]', 'Who hears an error: the joiner.', 'Who receives an error? The joiner.'],
  ['that (is|are|was|were) none', 'a budget that is none', 'an invalid budget; a value, if there is none'],
  ['to be had', 'it is not to be had here', 'it is not available here'],
  ['(has|have|had) not (an?|any|one)', 'it has not a name', 'it does not have a name; it has not read all'],
  ['(has|have|had) not[,.;:)]', 'a family that it has not.', 'a family that it lacks; it has not ended.'],
  ['at the (most|least)', 'three at the most', 'at most three'],
  ['for ever', 'waits for ever', 'waits forever; a row for every task'],
  ['(anew|in vain)', 'begins anew, in vain', 'begins again, without effect; a new one'],
  ['(mend|mends|mended|mending)', 'a mended fault', 'a fixed bug; an amended rule'],
  ['(hears|(is|are|was|were|be|been) heard)', 'the probe hears that', 'the probe is told that; a heard cry'],
  ['what stands?', 'what stands behind a colon', 'what follows a colon'],
  [
    'stands? (in(?! for| the way)|on|at|before|behind|below|above|under|beside|between|alone|here|there)',
    'it stands in a table',
    'it stands for a driver, or stands in for one, and stands in the way of none',
  ],
]

/**
 * Between two words: spaces, or the end of a line and what begins the next one in a comment or a
 * quotation.
 */
const GAP = '(?:[ \\t]+|[ \\t]*\\n[ \\t]*(?:(?:\\*|//|#|>)[ \\t]+)?)'

const forbidden = FORBIDDEN.map(
  // Capitals matter at the beginning of a sentence only.
  ([pattern]) =>
    new RegExp(`(?<![\\w-])${pattern.replaceAll(' ', GAP)}(?![\\w-])`, /^[A-Z]/.test(pattern) ? 'g' : 'gi'),
)

/** `file:line: words` for each of them, by line. */
function findings(file: string, text: string): string[] {
  const found = forbidden.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ index, 0: words }) => ({
      line: text.slice(0, index).split('\n').length,
      words: words.replaceAll(new RegExp(GAP, 'g'), ' '),
    })),
  )
  return found.sort((a, b) => a.line - b.line).map(({ line, words }) => `${file}:${line}: ${words}`)
}

/** Files that git tracks, or would if they were added. */
function files(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  return listed
    .split('\0')
    .filter((file) => READ.test(file) && !GENERATED.test(file) && file !== THIS_FILE)
    .filter((file) => existsSync(join(root, file)))
}

const all = files().flatMap((file) => findings(file, readFileSync(join(root, file), 'utf8')))

describe('the English', () => {
  it('has no word or construction that is not idiomatic', () => {
    expect(all).toEqual([])
  })
})

/** The largest width of a comment. A directive of Biome's cannot be wrapped, nor can an expected error. */
const MAX_COLUMNS = 100
const WRAPPED = /^(packages|test|site)\/.*\.([cm]?[jt]s|cc|h)$/
const COMMENT = /^\s*(\/\/(?! biome-ignore)|\/?\*)/

describe('a comment', () => {
  it(`is no wider than ${MAX_COLUMNS} columns`, () => {
    const wide = files()
      .filter((file) => WRAPPED.test(file) && !/^test\/types\/(good|bad)\//.test(file))
      .flatMap((file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .flatMap((line, i) => (line.length > MAX_COLUMNS && COMMENT.test(line) ? `${file}:${i + 1}` : [])),
      )

    expect(wide).toEqual([])
  })
})

describe('findings', () => {
  it.each(FORBIDDEN)('has an example of %s', (_pattern, bad, good) => {
    expect(findings('a.ts', `/** ${bad} */`)).not.toEqual([])
    expect(findings('a.ts', `/** ${good} */`)).toEqual([])
  })

  it('names the file, the line and the words, across the lines of a comment', () => {
    const text = '/**\n * Begins at\n * the most once.\n */\n// This goes on for\n// ever. Nobody minds.\n'

    expect(findings('a/b.ts', text)).toEqual([
      'a/b.ts:2: at the most',
      'a/b.ts:5: for ever',
      'a/b.ts:6: Nobody',
    ])
  })

  it('leaves names alone of which a word is a part', () => {
    expect(findings('a.ts', 'const forEver = anewton + is-nobody-here')).toEqual([])
  })
})
