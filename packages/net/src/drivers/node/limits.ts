/**
 * The limits that the system sets for the process.
 */

import { readFileSync } from 'node:fs'

let limit: number | undefined

/** How many descriptors the process may have open; Infinity if that is unknown. */
export function descriptorLimit(): number {
  limit ??= read()
  return limit
}

/** From proc(5), on Linux. Node has raised the soft limit to the hard one at its start. */
function read(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
