/**
 * Makes modules that a browser can load from a program in TypeScript. Lines stay lines.
 */

import { transform } from 'sucrase'
import { Source, type Specifier } from './instrument.js'

/** What a program may import, besides its own files. */
export const LIBRARIES: readonly string[] = [
  '@bluelet/scheduler',
  '@bluelet/scheduler/lowlevel',
  '@bluelet/scheduler/testing',
  '@bluelet/net',
  '@bluelet/net/testing',
]

/** A longer program is refused. */
export const MAX_SOURCE = 200_000

/** The files of a program by name; what is run is `main`. */
export interface Program {
  readonly main: string
  readonly files: Readonly<Record<string, string>>
}

/** A module, in which the name of an imported one is `placeholder(name)`. */
export interface Module {
  readonly name: string
  readonly code: string
}

/** A program that cannot be run, and the line that says so. */
export class ProgramError extends Error {
  readonly line: number | null

  constructor(message: string, line: number | null) {
    super(message)
    this.line = line
  }
}

/** The placeholder of an imported module, quotation marks included. */
export function placeholder(name: string): string {
  return `'bluelet-module:${name}'`
}

/**
 * Makes the modules of a program. A module comes after those that it imports.
 *
 * @param instrument whether the program tells where it is; the default is true
 * @throws ProgramError if it cannot be run
 */
export function compile(program: Program, instrument = true): Module[] {
  const done = new Map<string, Module>()
  const begun = new Set<string>()
  const visit = (name: string, from: Specifier | null): void => {
    if (done.has(name)) return
    const text = program.files[name]
    if (text === undefined) throw new ProgramError(`there is no file ${name}`, from?.line ?? null)
    if (text.length > MAX_SOURCE) {
      throw new ProgramError(`a program may have ${MAX_SOURCE.toLocaleString('en')} characters`, null)
    }
    if (begun.has(name)) throw new ProgramError(`${name} imports itself`, from?.line ?? null)
    begun.add(name)
    const source = new Source(text)
    const code = stripped(source, instrument)
    // An import of types only is gone now.
    for (const specifier of source.specifiers()) {
      const target = targetOf(specifier)
      if (!code.includes(placeholder(target)) || LIBRARIES.includes(target)) continue
      if (!/^\.\.?\//.test(specifier.name)) {
        throw new ProgramError(
          `there is no module '${specifier.name}' here: import ${LIBRARIES[0]} or @bluelet/net`,
          specifier.line,
        )
      }
      visit(target, specifier)
    }
    done.set(name, { name, code })
  }
  visit(program.main, null)
  return [...done.values()]
}

/** The file, or the library, that an import names. */
function targetOf({ name }: Specifier): string {
  return name.replace(/^\.\//, '').replace(/^(?!@)(.*)\.js$/, '$1.ts')
}

function stripped(source: Source, instrument: boolean): string {
  const rename = (specifier: Specifier): string => placeholder(targetOf(specifier))
  const text = source.withSpecifiers(rename, instrument)
  try {
    return transform(text, { transforms: ['typescript'], disableESTransforms: true }).code
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const [, line] = /\((\d+):\d+\)/.exec(message) ?? []
    throw new ProgramError(
      `syntax error: ${message.replace(/^.*?: /, '').replace(/ \(\d+:\d+\)$/, '')}`,
      source.firstMistake() ?? (line === undefined ? null : Number(line)),
    )
  }
}

/**
 * The line of the first mistake in a program that the browser has refused; null if none is found.
 */
export function mistakeIn(program: Program): number | null {
  return new Source(program.files[program.main] ?? '').firstMistake()
}
