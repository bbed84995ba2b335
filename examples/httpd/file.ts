// Finds the file that the target of a request names, if it is inside the folder. Part of a web server:
// `node --import tsx examples/httpd.ts`.

import { access, constants, realpath, stat } from 'node:fs/promises'
import { extname, isAbsolute, join, relative, sep } from 'node:path'

export interface File {
  readonly path: string
  readonly size: number
  readonly type: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** Error codes of names that are not files, or that we may not read. */
const NO_FILE = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'])

export async function findFile(root: string, target: string): Promise<File | null> {
  const name = nameOf(target)
  if (name === null) return null
  try {
    // The real path, without dots and symbolic links.
    const path = await realpath(join(root, name))
    const inside = relative(await realpath(root), path)
    if (isAbsolute(inside) || inside.split(sep).some((part) => part.startsWith('.'))) return null
    const info = await stat(path)
    if (!info.isFile()) return null
    await access(path, constants.R_OK)
    return { path, size: info.size, type: TYPES[extname(path)] ?? 'application/octet-stream' }
  } catch (error) {
    if (NO_FILE.has((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

/** Returns the name in a target, decoded once. */
function nameOf(target: string): string | null {
  const [path = ''] = target.replace(/^http:\/\/[^/?]*/i, '').split('?')
  if (!path.startsWith('/')) return null
  try {
    const name = decodeURIComponent(path)
    return name.includes('\0') ? null : name.endsWith('/') ? `${name}index.html` : name
  } catch {
    return null // Not UTF-8, or not a valid escape.
  }
}
