/**
 * Traces as files, where there is a file system: on Node, Bun and Deno.
 */

import { checkTraceFile } from '../check.js'
import { toHTML } from './html.js'
import { stringify } from './lines.js'
import type { Trace } from './schema.js'

/** What is used of the environment, where it has it. */
interface Surroundings {
  readonly process?: {
    getBuiltinModule?<N extends keyof Modules>(name: N): Modules[N] | undefined
  }
}

interface Modules {
  'node:fs': { writeFileSync(file: string, text: string): void }
  'node:path': { resolve(path: string): string }
}

/**
 * Writes a trace into a file: as a page that shows it if the name ends in `.html`, and as JSON
 * Lines if it ends in `.jsonl`. A file that is there is replaced.
 *
 * @param file the path of the file
 * @returns the absolute path
 * @throws TypeError if the name has another ending; Error if there is no file system, as in a
 *   browser; the system's error if the file cannot be written
 */
export function saveTrace(trace: Trace, file: string): string {
  checkTraceFile(file, 'saveTrace(trace, file)')
  const { process } = globalThis as unknown as Surroundings // Each part is checked.
  const fs = process?.getBuiltinModule?.('node:fs')
  const path = process?.getBuiltinModule?.('node:path')
  if (fs === undefined || path === undefined) {
    throw new Error(
      'saveTrace(trace, file): there is no file system here; use stringify(trace) or toHTML(trace)',
    )
  }
  const absolute = path.resolve(file)
  fs.writeFileSync(absolute, absolute.endsWith('.html') ? toHTML(trace) : stringify(trace))
  return absolute
}
