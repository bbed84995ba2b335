// Every example must be short, explained, and executed by a test: examples/x.ts by x.test.ts,
// examples/y/z.ts by y.test.ts, or in the long suite by y.long.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const directory = new URL('../../examples/', import.meta.url)

const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.includes('node_modules/'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort()

const LONGEST = 60

it('there are examples', () => {
  expect(names).toContain('echo')
})

describe.each(names)('examples/%s.ts', (name) => {
  const lines = readFileSync(new URL(`${name}.ts`, directory), 'utf8')
    .trimEnd()
    .split('\n')

  it(`has at most ${LONGEST} lines`, () => {
    expect(lines.length).toBeLessThanOrEqual(LONGEST)
  })

  it('opens with a comment that says what it shows and how to run it', () => {
    const comment = lines
      .slice(
        0,
        lines.findIndex((line) => !line.startsWith('//')),
      )
      .join('\n')

    expect(comment).toMatch(/^\/\/ [A-Z]/)
    expect(comment).toMatch(/\b(npx|node|pnpm) /)
  })

  it('is executed by the test of the same name, or of its folder', () => {
    const tests = ['test', 'long'].map(
      (suite) => new URL(`${name.split('/')[0]}.${suite}.ts`, import.meta.url),
    )
    const sources = tests.filter((test) => existsSync(test)).map((test) => readFileSync(test, 'utf8'))

    expect(sources.join('\n')).toContain(`'examples/${name}.ts'`)
  })
})
