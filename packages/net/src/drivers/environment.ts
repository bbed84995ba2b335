/**
 * The environment of the process.
 */

/** An environment variable; undefined if it is not set or may not be read, as in Deno without `--allow-env`. */
export function environmentVariable(name: string): string | undefined {
  try {
    return process.env[name]
  } catch {
    return undefined
  }
}
