// The machine: the cores that may be used, and the line that describes it beside every figure.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'

/**
 * A core for the server and one for its load; nulls if processes cannot be pinned, or if there is
 * only one core.
 */
export interface Cores {
  readonly server: number | null
  readonly load: number | null
}

export function chooseCores(): Cores {
  const cores = allowedCores()
  const [server, load] = cores
  const canPin = spawnSync('taskset', ['--version']).status === 0
  return canPin && server !== undefined && load !== undefined
    ? { server, load }
    : { server: null, load: null }
}

/** Number of descriptors that a process may have. */
export function descriptorLimit(): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(proc('self/limits')) ?? []
  return hard === undefined ? 1024 : hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

export function describeMachine(): string {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown processor'
  const { server, load } = chooseCores()
  const pinned = server === null ? 'not pinned to cores' : `server on core ${server}, load on core ${load}`
  return `${allowedCores().length} cores, ${model}; ${os.type()} ${os.release()}; ${pinned}`
}

function allowedCores(): number[] {
  const [, list] = /^Cpus_allowed_list:\s*(\S+)/m.exec(proc('self/status')) ?? []
  if (list === undefined) return os.cpus().map((_, core) => core)
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number)
    return Array.from({ length: to! - from! + 1 }, (_, i) => from! + i)
  })
}

function proc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return ''
  }
}
