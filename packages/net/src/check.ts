/**
 * Checks of arguments and options. Each check throws at the call that was wrong, and names the
 * value. What only one file checks (a host, a stream, a policy) is checked there.
 */

/** A value in an error message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)
  if (typeof value === 'function') return `a function (${value.name || 'anonymous'})`
  if (typeof value !== 'object' || value === null) return String(value)
  return `an object (${value.constructor?.name ?? 'without a class'})`
}

/**
 * Whether bytes are as long as they were: their memory has been neither transferred nor resized. In
 * V8, `length` may still give the old length of transferred memory; `byteLength` does not.
 */
export function isUnchanged(bytes: Uint8Array, length: number): boolean {
  return bytes.byteLength === length
}

/**
 * Checks an option that is either on or off.
 *
 * @throws TypeError if it is not a boolean
 */
export function checkFlag(flag: unknown, what: string): asserts flag is boolean {
  if (typeof flag !== 'boolean') throw new TypeError(`${what}: expected true or false, got ${shown(flag)}`)
}

/**
 * Checks a time that may be 0.
 *
 * @throws RangeError if it is not a number of milliseconds >= 0
 */
export function checkMs(ms: unknown, what: string): number {
  if (typeof ms === 'number' && ms >= 0) return ms
  throw new RangeError(`${what}: expected ms >= 0, got ${shown(ms)}`)
}

/**
 * Checks a time after which something happens, or never if it is infinite.
 *
 * @param infinity the meaning of `Infinity`, for the message: `no limit`, `never`
 * @throws RangeError if it is not a number of milliseconds > 0
 */
export function checkTimeout(ms: unknown, what: string, infinity: string): number {
  if (typeof ms === 'number' && ms > 0) return ms
  throw new RangeError(`${what}: expected ms > 0, or Infinity for ${infinity}, got ${shown(ms)}`)
}

/**
 * Checks a number of bytes that may be 0.
 *
 * @throws RangeError if it is neither an integer >= 0 nor Infinity
 */
export function checkCount(count: unknown, what: string): number {
  if (isCount(count) && count >= 0) return count
  throw new RangeError(`${what}: expected a number of bytes, 0 or more, got ${shown(count)}`)
}

/**
 * Checks how many bytes a read may give.
 *
 * @throws RangeError if it is neither a positive integer nor Infinity
 */
export function checkMax(max: unknown, operation: string): number {
  if (isCount(max) && max > 0) return max
  throw new RangeError(`${operation}(max): expected a positive number of bytes, got ${shown(max)}`)
}

/** Whether a value is an integer, or Infinity for no limit. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)
}

/**
 * The bytes of what is to be sent or searched for; a string in UTF-8.
 *
 * @throws TypeError if it is neither bytes nor a string
 */
export function bytesOf(data: string | Uint8Array, operation: string): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8')
  if (Buffer.isBuffer(data)) return data
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  throw new TypeError(`${operation}: expected bytes or a string, got ${shown(data)}`)
}
