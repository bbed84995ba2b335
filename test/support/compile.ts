// Makes JavaScript of TypeScript, without a look at its types, which `pnpm check` looks at.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { COMPILED, compiledFile } from './compiled.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What users' own settings have in common; the map leads stacks back to the lines of the source.
 */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ES2022,
  verbatimModuleSyntax: true,
  useDefineForClassFields: false,
  inlineSourceMap: true,
}

/** @param fileName of the source, as stacks are to name it */
export function toJavaScript(source: string, fileName: string): string {
  return ts.transpileModule(source, { compilerOptions: OPTIONS, fileName }).outputText
}

/** The programs that tests run in processes of their own, with what they import. */
const PROGRAMS = [
  ...filesIn('examples'),
  ...filesIn('test/faults/fixtures'),
  ...filesIn('test/net/monitor/fixtures'),
  'test/documents/stage.ts',
  'test/faults/reply.ts',
  'test/support/random.ts',
  'test/support/one-by-one.ts',
]

/** Makes the programs, as far as their sources are newer. */
export function compilePrograms(): void {
  for (const file of PROGRAMS) {
    const source = path.join(root, file)
    const compiled = path.join(root, file.endsWith('.ts') ? compiledFile(file) : `${COMPILED}/${file}`)
    if (timeOf(compiled) > timeOf(source)) continue
    mkdirSync(path.dirname(compiled), { recursive: true })
    if (file.endsWith('.ts')) writeFileSync(compiled, toJavaScript(readFileSync(source, 'utf8'), source))
    else copyFileSync(source, compiled)
  }
}

/** Those that Node runs, and what they are given. */
function filesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.m?[jt]s$/.test(file) && !file.includes('node_modules/'))
}

function timeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
