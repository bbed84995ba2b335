/**
 * The stack of an error, which need not be a string, and whose reading may throw.
 */

/** The stack of an error; undefined if it has none that is a string. */
export function stackOf(error: unknown): string | undefined {
  try {
    const { stack } = error as Error
    return typeof stack === 'string' ? stack : undefined
  } catch {
    return undefined
  }
}
