/**
 * Argument checks, and how a value reads in an error message.
 */

/** A longer string is cut in a message. */
const MAX_SHOWN = 40

/** A longer description of a value is cut in a message. */
const MAX_DESCRIBED = 400

/** A text that is cut if it is long. */
export function cut(text: string, max: number = MAX_DESCRIBED): string {
  return text.length > max ? `${text.slice(0, max)}...` : text
}

/** The name of a function or of a class; `fallback` if it has none that can be read. */
export function nameOf(value: unknown, fallback: string): string {
  try {
    const { name } = value as { readonly name: unknown }
    return typeof name === 'string' && name !== '' ? cut(name) : fallback
  } catch {
    return fallback
  }
}

/** A value in an error message: short, and never itself a cause of an error. */
export function inspect(value: unknown): string {
  try {
    return cut(described(value))
  } catch {
    return 'an object'
  }
}

function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value, MAX_SHOWN))
  if (typeof value === 'function') return `a function (${nameOf(value, 'anonymous')})`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  // Only events have this field.
  if ('$handler' in value) return `an event (${nameOf(value.$handler, 'unnamed')})`
  const name = nameOf(value.constructor, '')
  return name === '' ? 'an object' : `an object (${name})`
}

/**
 * A thrown value in the message of another error: `Error: what happened`, and never itself a cause
 * of an error.
 */
export function inspectThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? cut(String(thrown)) : inspect(thrown)
  } catch {
    return 'an error without a readable message'
  }
}

/**
 * Checks a duration in milliseconds.
 *
 * @param what the name that the error message gives it: `sleep(ms)`
 * @throws RangeError if it is not a number of 0 or more
 */
export function checkDuration(ms: unknown, what: string): number {
  if (typeof ms === 'number' && ms >= 0) return ms
  throw new RangeError(`${what}: expected ms >= 0, got ${inspect(ms)}`)
}

/**
 * Checks a number of things.
 *
 * @param what the name that the error message gives it: `limit`
 * @throws RangeError if it is not an integer of 1 or more
 */
export function checkCount(n: unknown, what: string): number {
  if (typeof n === 'number' && Number.isInteger(n) && n >= 1) return n
  throw new RangeError(`${what}: expected a positive integer, got ${inspect(n)}`)
}

/**
 * Checks an optional limit.
 *
 * @param what the name that the error message gives it: `all: limit`
 * @returns Infinity if there is none
 * @throws RangeError if it is neither an integer of 1 or more nor Infinity
 */
export function checkLimit(limit: unknown, what: string): number {
  const unlimited = limit === undefined || limit === Number.POSITIVE_INFINITY
  return unlimited ? Number.POSITIVE_INFINITY : checkCount(limit, what)
}

/**
 * Checks that something can be called.
 *
 * @param what the call as the user wrote it: `callback(register)`
 * @throws TypeError if it is not a function
 */
export function checkFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') throw new TypeError(`${what}: expected a function, got ${inspect(value)}`)
}

/**
 * Checks the name of a file for a trace.
 *
 * @throws TypeError if it has another ending
 */
export function checkTraceFile(file: unknown, what: string): void {
  if (typeof file === 'string' && /.\.(html|jsonl)$/.test(file)) return
  throw new TypeError(
    `${what}: expected the name of a file that ends in .html or .jsonl, got ${inspect(file)}`,
  )
}
