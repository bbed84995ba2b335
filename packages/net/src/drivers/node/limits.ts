/**
 * What the system lets the process have.
 */

import { readFileSync } from 'node:fs'

let limit: number | undefined

/** How many descriptors the process may have open; Infinity where that cannot be known. */
export function descriptorLimit(): number {
  limit ??= read()
  return limit
}

/** On Linux: proc(5). Node has raised the soft limit to the hard one when it began. */
function read(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
