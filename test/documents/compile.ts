// The programs in the documents, compiled as strictly as everything else here.
import path from 'node:path'
import ts from 'typescript'
import { type Document, root } from './document.js'
import { isModule } from './info.js'

/**
 * Compiles each block that is a module, all in one program, which is several times faster. @returns
 * what is wrong, by document
 */
export function compile(documents: readonly Document[]): Map<string, string[]> {
  const sources = new Map(documents.flatMap(sourcesOf))
  const program = programOf(new Map([...sources].map(([file, { code }]) => [file, code])))
  const faults = new Map(documents.map(({ file }) => [file, [] as string[]]))
  for (const { file, start, messageText } of ts.getPreEmitDiagnostics(program)) {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    const source = file && sources.get(path.normalize(file.fileName))
    if (source === undefined) throw new Error(`${file?.fileName ?? 'tsconfig'}: ${message}`)
    const line = source.line + file!.getLineAndCharacterOfPosition(start ?? 0).line
    faults.get(source.document)!.push(`${source.document}:${line}: ${message}`)
  }
  return faults
}

interface Source {
  readonly document: string
  readonly line: number
  readonly code: string
}

/** Files in the directory of the tests, from which the packages can be imported. */
function sourcesOf({ file, blocks }: Document): [string, Source][] {
  const name = file.replace(/\W+/g, '-')
  return blocks
    .filter(isModule)
    .map(({ code, line }) => [path.join(root, 'test', `${name}.${line}.ts`), { document: file, line, code }])
}

function programOf(sources: ReadonlyMap<string, string>): ts.Program {
  const config = path.join(root, 'tsconfig.check.json')
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile)
  const nothing = { ...ts.sys, readDirectory: () => [] }
  const { options } = ts.parseJsonConfigFileContent(json, nothing, root, {}, config)
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
  return ts.createProgram([...sources.keys()], settings, host)
}
