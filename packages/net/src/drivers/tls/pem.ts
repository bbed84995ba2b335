/** Certificates and keys: as the user gives them, and as they are in a file. */

import { shown } from '../../check.js'
import { reasonOf } from '../../errors.js'
import { builtin } from '../builtin.js'

/** Certificates or a key: the text or the bytes of a PEM file, or the file. */
export type Pem = string | Uint8Array | PemFile

/**
 * A file with certificates or a key. It is read when the event is made, and again by `reload()` of
 * {@link ListenerTls}.
 */
export interface PemFile {
  /** Its path. */
  readonly file: string
}

/** @throws TypeError if it is something else */
export function checkPem(given: unknown, what: string, several: boolean): void {
  for (const one of several && Array.isArray(given) ? given : [given]) {
    if (one === undefined || typeof one === 'string' || one instanceof Uint8Array || isFile(one)) continue
    throw new TypeError(
      `${what}: expected the text or the bytes of a PEM file, or { file } with its path, got ${shown(one)}`,
    )
  }
}

/**
 * The text or the bytes.
 *
 * @throws TypeError if it is a file that cannot be read
 */
export function contentOf(given: Pem, what: string): string | Buffer {
  if (typeof given === 'string') return given
  if (!isFile(given)) return Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  try {
    return builtin('node:fs', 'tls').readFileSync(given.file)
  } catch (error) {
    throw new TypeError(`${what}: the file ${shown(given.file)} cannot be read: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** The files among them, for messages; empty if there are none. */
export function filesIn(all: readonly (Pem | undefined)[]): string {
  const files = all.filter(isFile).map(({ file }) => shown(file))
  return files.length === 0 ? '' : ` (in ${files.join(', ')})`
}

function isFile(given: unknown): given is PemFile {
  return typeof given === 'object' && given !== null && typeof (given as Partial<PemFile>).file === 'string'
}
