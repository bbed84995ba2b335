// The rewriting of programs: lines stay, the language's own grammar agrees, and the program does
// the same.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { compile } from '../../site/learn/playground/compile.js'
import { Source } from '../../site/learn/playground/instrument.js'
import { outputOf, play, program, programOf, root } from './headless.js'

/** Every program of the examples, by its file. */
const FILES = readdirSync(path.join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
  .map((file) => `examples/${file.replaceAll('\\', '/')}`)
  .sort()

const rewritten = (text: string): string => new Source(text).instrumented()

describe('instrumented', () => {
  it.each([
    ['yield sleep(1)', "yield __at((sleep(1)),1,()=>({}),'sleep')"],
    ['yield* conn.recv(9)', 'yield* __at((conn.recv(9)),1,()=>({}))'],
    ['yield a ? b : c', 'yield __at((a ? b : c),1,()=>({}))'],
    ['yield a || b', 'yield __at((a || b),1,()=>({}))'],
    ['yield a = b', 'yield __at((a = b),1,()=>({}))'],
    ['yield x => x', 'yield __at((x => x),1,()=>({}))'],
    ['yield a, b', 'yield __at((a),1,()=>({})), b'],
    ['yield a as B', 'yield __at((a as B),1,()=>({}))'],
    ['yield a ?? b', 'yield __at((a ?? b),1,()=>({}))'],
    ['yield f(yield a)', "yield __at((f(yield __at((a),1,()=>({})))),1,()=>({}),'f')"],
    ['yield', 'yield'],
    ['(yield)', '(yield)'],
    ['yield // nothing', 'yield // nothing'],
  ])('rewrites %j', (text, expected) => {
    expect(rewritten(`function* f() { ${text}\n}`)).toBe(`function* f() {__tick(1); ${expected}\n}`)
  })

  it('leaves a bare yield alone that has another line below it', () => {
    expect(rewritten('function* f() {\n  yield\n  g()\n}')).toBe(
      'function* f() {__tick(1);\n  yield\n  g()\n}',
    )
  })

  it('gives the variables that have a value: not those of other functions, blocks and later lines', () => {
    const text = `const outside = 1
function* f(a: number, { b, c: d }: any, ...e: number[]) {
  { const hidden = 1 }
  for (const item of e) {
    const own = yield* first()
    const inner = (z: number) => { const y = z; return y }
    try { yield second() } catch (error) { yield third(error) }
  }
  for (let i = 0; i < 3; i++) yield fourth()
  const later = 1
}`

    const names = [...rewritten(text).matchAll(/\(\)=>\(\{([^}]*)\}\)/g)].map(([, found]) => found)

    expect(names).toEqual([
      'a,b,d,e,item',
      'a,b,d,e,item,own,inner',
      'a,b,d,e,item,own,inner,error',
      'a,b,d,e,i',
    ])
  })

  it('counts in every loop and function, also in those without braces', () => {
    expect(rewritten('while (a) b()')).toBe('while (a) {__tick(1);b()}')
    expect(rewritten('for (;;);')).toBe('for (;;){__tick(1);;}')
    expect(rewritten('do a(); while (b)')).toBe('do {__tick(1);a();} while (b)')
    expect(rewritten('for (const a of b) for (const c of d) e()')).toBe(
      'for (const a of b) {__tick(1);for (const c of d) {__tick(1);e()}}',
    )
    expect(rewritten('const f = () => { g() }')).toBe('const f = () => {__tick(1); g() }')
  })

  it.each(FILES)('keeps the lines of %s, and TypeScript can still read it', (file) => {
    const text = readFileSync(path.join(root, file), 'utf8')
    const source = new Source(text)

    const out = source.instrumented()

    expect(source.firstMistake()).toBeNull()
    expect(out.split('\n').length).toBe(text.split('\n').length)
    const { parseDiagnostics } = ts.createSourceFile('a.ts', out, ts.ScriptTarget.ES2022) as unknown as {
      parseDiagnostics: readonly { messageText: unknown }[]
    }
    expect(parseDiagnostics.map(({ messageText }) => messageText)).toEqual([])
    expect(yieldsOf(out)).toEqual(yieldsOf(text))
  })

  it('says where a mistake is', () => {
    expect(new Source('const a = 1\nconst = 2\n').firstMistake()).toBe(2)
    expect(new Source('const a = 1\n').firstMistake()).toBeNull()
  })

  it('throws for no text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const lines = rewritten(text).split('\n').length
        expect(lines).toBe(text.split('\n').length)
      }),
    )
  })
})

describe('compile', () => {
  it('keeps the lines', () => {
    const text = 'interface A {\n  b: number\n}\n\nexport const c: A = { b: 1 } as A\n'

    expect(compile(program(text)).at(-1)?.code.split('\n').length).toBe(6)
  })

  it('names the line of what it cannot import, and forgets imports of types', () => {
    expect(() => compile(program("\nimport fs from 'node:fs'\nfs.x()"))).toThrow(
      expect.objectContaining({ message: expect.stringContaining("'node:fs'"), line: 2 }),
    )
    expect(compile(program("import type { A } from 'node:fs'\nimport { type B } from 'b'\n"))).toHaveLength(1)
  })

  it('puts a file behind those that it imports, and refuses circles', () => {
    const files = { 'a.ts': "import { b } from './b.js'\nb()", 'b.ts': 'export const b = () => {}' }

    expect(compile({ main: 'a.ts', files }).map(({ name }) => name)).toEqual(['b.ts', 'a.ts'])
    expect(() =>
      compile({ main: 'a.ts', files: { ...files, 'b.ts': "import './a.js'\nexport const b = 1" } }),
    ).toThrow('a.ts imports itself')
  })
})

/** The programs that run in a browser, and end. */
const PLAYABLE = FILES.filter((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  return file.includes('/learn/') && !/from 'node:|12-sixty/.test(text) && !file.includes('/12-')
})

describe('a rewritten program', () => {
  it.each(PLAYABLE)('takes the steps of the plain one: %s', { timeout: 30_000 }, async (file) => {
    const [plain, marked] = await Promise.all([play(programOf(file), {}, false), play(programOf(file))])

    expect(marked.end).toEqual(plain.end)
    expect(marked.trace.events.map(withoutPlace)).toEqual(plain.trace.events.map(withoutPlace))
  })

  it.each(pagesWithOutput())('prints what the page shows: %s', { timeout: 30_000 }, async (file, shown) => {
    const { trace } = await play(programOf(file))

    expect(outputOf(trace)).toBe(shown)
  })
})

/** An event without what only a rewritten program says: where it is, and what it calls. */
function withoutPlace(event: object): object {
  const { at, locals, ...rest } = event as Record<string, unknown>
  if (rest.e === 'call') delete rest.name
  if (rest.op === 'call') delete rest.ev
  return rest
}

function pagesWithOutput(): [file: string, output: string][] {
  const folder = path.join(root, 'packages/net/docs/tutorial')
  return readdirSync(folder)
    .map((page) => readFileSync(path.join(folder, page), 'utf8'))
    .flatMap((text) =>
      [...text.matchAll(/^```text output=(\S+)\n(.*?)^```$/gms)].map(([, file = '', output = '']) => ({
        file,
        output,
        played: text.includes(`from=${file} play`),
      })),
    )
    .filter(({ played }) => played)
    .map(({ file, output }) => [file, output])
}

/** What each `yield` of a text contains, without what is inserted. */
function yieldsOf(text: string): string[] {
  const found: string[] = []
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.ES2022)
  source.forEachChild(function visit(node): void {
    if (ts.isYieldExpression(node)) found.push(plain(node.expression?.getText(source) ?? ''))
    node.forEachChild(visit)
  })
  return found
}

function plain(text: string): string {
  const without = text
    .replace(/__tick\(\d+\);/g, '')
    .replace(/,\d+,\(\)=>\(\{[^}]*\}\)(,'[\w$]+')?\)/g, '')
    .replaceAll('__at((', '')
  // The parentheses and braces that are inserted, and those that were there.
  return without.replace(/[(){}\s]/g, '')
}
