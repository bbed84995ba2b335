// The shape of the packages: which file may import which, how long a file is, and what it may
// borrow from Node.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The floors of each package, the lowest first, each a list of files and folders (`stores/`): the
 * tables of CONTRIBUTING.md.
 */
const FLOORS = Object.fromEntries(['scheduler', 'net'].map((name) => [name, floorsOf(name)]))

function floorsOf(packageName: string): readonly (readonly string[])[] {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const [, table = ''] = text.split(`| \`packages/${packageName}/src\` |`)
  const [rows = ''] = table.split('\n\n')
  return [...rows.matchAll(/^\| (`.*?) \|/gm)].map(([, names = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
}

/**
 * A file with more lines of code, comments apart, cannot be read in one sitting. About 200 is the
 * aim.
 */
const MAX_LINES = 280

interface SourceFile {
  /** `events/sleep`, without the ending. */
  readonly name: string
  /** Of code. */
  readonly lines: number
  /** What it imports at run time, as it is written. */
  readonly imports: readonly string[]
  /** Those, and what it imports for types only. */
  readonly allImports: readonly string[]
}

/** The files of each package, which are read once. */
const SOURCES = Object.fromEntries(Object.keys(FLOORS).map((name) => [name, readSources(name)]))

function sourcesOf(packageName: string): readonly SourceFile[] {
  return SOURCES[packageName] ?? []
}

function readSources(packageName: string): SourceFile[] {
  const src = join(root, 'packages', packageName, 'src')
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return paths.sort().map((path) => {
    const text = readFileSync(join(src, path), 'utf8')
    return {
      name: path.replaceAll('\\', '/').replace(/\.ts$/, ''),
      lines: text.split('\n').filter((line) => !/^\s*(\/\*|\*|\/\/|$)/.test(line)).length,
      imports: importsOf(text, false),
      allImports: importsOf(text, true),
    }
  })
}

/**
 * The modules that a file imports. Without types: those that are still imported when the types are
 * gone, which `import { type X }` still does, and `import type` does not.
 */
function importsOf(text: string, types: boolean): string[] {
  const found: string[] = []
  ts.createSourceFile('file.ts', text, ts.ScriptTarget.ES2022).forEachChild(function visit(node): void {
    if (ts.isImportDeclaration(node) && (types || !node.importClause?.isTypeOnly)) {
      found.push(textOf(node.moduleSpecifier))
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && (types || !node.isTypeOnly)) {
      found.push(textOf(node.moduleSpecifier))
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      found.push(textOf(node.arguments[0]))
    }
    if (types && ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push(textOf(node.argument.literal))
    }
    node.forEachChild(visit)
  })
  return found
}

function textOf(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteral(node) ? node.text : '(computed)'
}

/** `./x.js` in `events/sleep` is `events/x`. */
function resolved(from: SourceFile, specifier: string): string {
  if (specifier === '#drivers') return 'drivers/real'
  return relative('.', join(dirname(from.name), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '')
}

function manifestOf(packageName: string): {
  dependencies?: object
  peerDependencies?: object
  optionalDependencies?: object
} {
  return JSON.parse(readFileSync(join(root, 'packages', packageName, 'package.json'), 'utf8'))
}

/** The floor on which a file lies; -1 if it lies on none. */
function floorOf(name: string, floors: readonly (readonly string[])[]): number {
  return floors.findIndex((places) =>
    places.some((place) => (place.endsWith('/') ? name.startsWith(place) : name === place)),
  )
}

/** The files of the same package that a file imports. */
function targetsOf(source: SourceFile): string[] {
  return source.allImports
    .filter((specifier) => /^[.#]/.test(specifier))
    .map((specifier) => resolved(source, specifier))
}

describe.each(Object.entries(FLOORS))('packages/%s', (packageName, floors) => {
  const sources = sourcesOf(packageName)

  it('has every file on a floor, and no floor without files', () => {
    const found = sources.map(({ name }) => floorOf(name, floors))

    expect(sources.filter((_, i) => found[i] === -1).map(({ name }) => name)).toEqual([])
    expect([...new Set(found)].sort((a, b) => a - b)).toEqual([...floors.keys()])
  })

  it('imports nothing from a higher floor', () => {
    const upwards = sources.flatMap((source) =>
      targetsOf(source)
        .filter((target) => floorOf(target, floors) > floorOf(source.name, floors))
        .map((target) => `${source.name} imports ${target}`),
    )

    expect(upwards).toEqual([])
  })

  it('has no import cycle', () => {
    const targets = new Map(sources.map((source) => [source.name, targetsOf(source)]))
    // Takes away, again and again, the files that import none of those that are left.
    for (let before = -1; before !== targets.size; ) {
      before = targets.size
      for (const [name, of] of targets) if (!of.some((target) => targets.has(target))) targets.delete(name)
    }

    expect([...targets]).toEqual([])
  })

  it('has no file that is too long to be read in one sitting', () => {
    const long = sources.filter(({ lines }) => lines > MAX_LINES)

    expect(long.map(({ name, lines }) => `${name}: ${lines} lines`)).toEqual([])
  })

  it('imports by names that are written out, and with their endings', () => {
    const odd = sources.flatMap(({ name, imports }) =>
      imports
        .filter(
          (specifier) =>
            specifier === '(computed)' || (specifier.startsWith('.') && !specifier.endsWith('.js')),
        )
        .map((specifier) => `${name}: ${specifier}`),
    )

    expect(odd).toEqual([])
  })
})

describe('the packages', () => {
  it('touch node: modules in the drivers and the monitor of net only', () => {
    const touching = Object.keys(FLOORS).flatMap((packageName) =>
      sourcesOf(packageName)
        .filter(({ imports }) => imports.some((specifier) => specifier.startsWith('node:')))
        .map(({ name }) => `${packageName}/${name}`),
    )

    expect(touching.filter((name) => !/^net\/(drivers|monitor)\//.test(name))).toEqual([])
  })

  it('import nothing but their own files, node: modules, and the scheduler in net', () => {
    const foreign = Object.keys(FLOORS).flatMap((packageName) =>
      sourcesOf(packageName).flatMap(({ name, imports }) =>
        imports
          .filter((specifier) => !/^[.#]|^node:/.test(specifier))
          .filter(
            (specifier) =>
              !(
                packageName === 'net' && /^@bluelet\/scheduler(\/(lowlevel|testing|trace))?$/.test(specifier)
              ),
          )
          // The thread of the monitor uses the package as a program does.
          .filter((specifier) => !(name.startsWith('monitor/') && specifier === '@bluelet/net'))
          .map((specifier) => `${packageName}/${name}: ${specifier}`),
      ),
    )

    expect(foreign).toEqual([])
  })

  it('have no dependency at run time but that of net on the scheduler', () => {
    const [scheduler, net] = [manifestOf('scheduler'), manifestOf('net')]

    expect(Object.keys(scheduler.dependencies ?? {})).toEqual([])
    expect(Object.keys(net.dependencies ?? {})).toEqual(['@bluelet/scheduler'])
    // The declarations of net need the types of Node.
    expect([scheduler.peerDependencies, net.peerDependencies]).toEqual([undefined, { '@types/node': '>=20' }])
    expect([scheduler.optionalDependencies, net.optionalDependencies]).toEqual([undefined, undefined])
  })
})

describe('the scheduler', () => {
  it('reads the clock, chance and timers of the engine in its host only, and a file for pages of traces', () => {
    const reads =
      /\b(Date\.now|new Date|performance\b|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\b)/
    const src = join(root, 'packages/scheduler/src')
    const reading = sourcesOf('scheduler')
      .map(({ name }) => name)
      .filter((name) => {
        const text = readFileSync(join(src, `${name}.ts`), 'utf8')
        return reads.test(text) && reads.test(withoutComments(text))
      })

    expect(reading.sort()).toEqual(['host/default-host', 'trace/html', 'trace/save'])
  })

  it('knows no event by name below the events', () => {
    const below = sourcesOf('scheduler').filter(
      ({ name }) => !name.startsWith('events/') && !['index', 'lowlevel'].includes(name),
    )
    const knowing = below.filter(({ imports }) => imports.some((specifier) => specifier.includes('events/')))

    expect(knowing.map(({ name }) => name)).toEqual([])
  })
})

function withoutComments(text: string): string {
  const printer = ts.createPrinter({ removeComments: true })
  return printer.printFile(ts.createSourceFile('file.ts', text, ts.ScriptTarget.ES2022))
}
