// What the built declarations of the packages export, as TypeScript sees it.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** A name that an entry exports, and whether a program can use it as a value. */
export interface Declared {
  readonly name: string
  readonly kind: 'value' | 'type'
}

const dist = (name: string): string => fileURLToPath(new URL(`../../packages/${name}/dist/`, import.meta.url))

let program: ts.Program | undefined

/** The names that an entry of a package declares, in the order of the alphabet. */
export function declaredIn(name: 'scheduler' | 'net', entry: string): Declared[] {
  program ??= programOf(['scheduler', 'net'].map(dist))
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(`${dist(name)}${entry}.d.ts`)!)!
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, kind: kindOf(symbol, checker) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** One program with every entry: to read Node's types for each costs most of a second. */
function programOf(folders: readonly string[]): ts.Program {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.d.ts'))
      .map((file) => folder + file),
  )
  return ts.createProgram(files, { module: ts.ModuleKind.NodeNext, noLib: true, types: [] })
}

function kindOf(symbol: ts.Symbol, checker: ts.TypeChecker): Declared['kind'] {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const typeOnly = symbol.declarations?.some((node) => ts.isTypeOnlyExportDeclaration(node))
  return (target.flags & ts.SymbolFlags.Value) !== 0 && !typeOnly ? 'value' : 'type'
}
