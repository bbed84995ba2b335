/**
 * What the drivers take from the process around them.
 */

/**
 * Calls back in the next turn of the loop of Node: the `setImmediate` of load time. A run that
 * began before the fake timers of a test runner were installed goes on, so that its sockets must as
 * well.
 */
export const nextTurn: (callback: () => void) => void = setImmediate

/**
 * An environment variable; undefined if it is not set or may not be read, as in Deno without
 * `--allow-env`.
 */
export function environmentVariable(name: string): string | undefined {
  try {
    return process.env[name]
  } catch {
    return undefined
  }
}
