/**
 * Modules of Node that are loaded when they are first needed: they take time to load, and a browser
 * has none.
 */

interface Modules {
  'node:child_process': typeof import('node:child_process')
  'node:crypto': typeof import('node:crypto')
  'node:dgram': typeof import('node:dgram')
  'node:fs': typeof import('node:fs')
  'node:net': typeof import('node:net')
  'node:os': typeof import('node:os')
  'node:stream': typeof import('node:stream')
  'node:tls': typeof import('node:tls')
}

/**
 * A module of Node.
 *
 * @param user what needs it, for the message
 * @throws Error if it is not there
 */
export function builtin<N extends keyof Modules>(name: N, user: string): Modules[N] {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> }
  const module: unknown = process?.getBuiltinModule?.(name)
  if (module !== undefined) return module as Modules[N] // The type that belongs to the name.
  throw new Error(`${user}: Node's module '${name}' is not available here`)
}
