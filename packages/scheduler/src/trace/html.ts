/**
 * A trace as a page that shows it.
 */

import { inspect } from '../check.js'
import { stringify } from './lines.js'
import type { Trace } from './schema.js'

/** Where the trace goes in the viewer. */
const PLACE = '<script type="application/x-ndjson" id="bluelet-trace">'

/** Where the viewer is: beside the file that is built of this one, and seen from the source. */
const FILES = ['./viewer.html', '../../dist/viewer.html']

/** What is used of the environment, where it has it: Node, Bun and Deno do. */
interface Surroundings {
  readonly URL: new (url: string, base: string) => object
  readonly process?: { getBuiltinModule?(name: 'node:fs'): FileSystem | undefined }
}

interface FileSystem {
  existsSync(file: object): boolean
  readFileSync(file: object, encoding: 'utf8'): string
}

/**
 * A trace as one HTML file that shows it: step by step, with the reason of each. The file contains
 * all that it needs, requests nothing, and can be opened from a disk.
 *
 * @param viewer the text of the `viewer.html` that the package contains, as
 *   `@bluelet/scheduler/viewer.html`. Node, Bun and Deno read it from there unless it is given; in
 *   a browser, and in a bundle, it has to be given.
 * @throws TypeError if the viewer is not such a text, or was not given where it cannot be read
 */
export function toHTML(trace: Trace, viewer: string = readViewer()): string {
  const at = typeof viewer === 'string' ? viewer.indexOf(PLACE) + PLACE.length : -1
  if (at < PLACE.length) {
    throw new TypeError(
      `toHTML(trace, viewer): expected the text of @bluelet/scheduler/viewer.html, got ${inspect(viewer)}`,
    )
  }
  return `${viewer.slice(0, at)}${harmless(stringify(trace))}${viewer.slice(at)}`
}

/**
 * JSON that cannot end the element that contains it: these characters are in strings only, where
 * they can be escaped.
 */
function harmless(json: string): string {
  return json
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

function readViewer(): string {
  const { URL, process } = globalThis as unknown as Surroundings // Each part is checked.
  const fs = process?.getBuiltinModule?.('node:fs')
  const { url: here } = import.meta as { readonly url?: string } // A bundle may have none.
  const files = here?.startsWith('file:') ? FILES.map((file) => new URL(file, here)) : []
  const file = files.find((candidate) => fs?.existsSync(candidate))
  if (fs !== undefined && file !== undefined) return fs.readFileSync(file, 'utf8')
  throw new TypeError(
    'toHTML(trace, viewer): there is no viewer to be read here; give it the text of @bluelet/scheduler/viewer.html',
  )
}
