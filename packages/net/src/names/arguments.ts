/** Checks of names, and names in messages. */

import { shown } from '../check.js'
import { hasNul, shownHost } from '../driver/address.js'
import { codeOf, DnsError, reasonOf } from '../errors.js'

/** The length of the longest name in text (RFC 1035), with the dot at its end. */
const MAX_NAME = 254

/**
 * Checks a name or an address.
 *
 * @throws TypeError if it is no string, empty, or contains a NUL byte
 * @throws RangeError if it is longer than a name can be
 */
export function checkName(name: unknown, operation: string): string {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`${operation}: expected a name, got ${shown(name)}`)
  }
  if (hasNul(name))
    throw new TypeError(`${operation}: a name cannot contain a NUL byte: '${shownHost(name)}'`)
  if (name.length <= MAX_NAME) return name
  throw new RangeError(`${operation}: a name has at most ${MAX_NAME - 1} characters, this one ${name.length}`)
}

/** What the codes of resolvers mean. */
const REASONS: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'the resolver of the system has no answer now; try again later',
  ECONNREFUSED: 'no name server listens there',
  ENOTFOUND: 'the name does not exist',
  EREFUSED: 'the name server refuses to answer',
  ESERVFAIL: 'the name server failed',
  ETIMEOUT: 'no name server has answered',
}

/**
 * The error of a question.
 *
 * @param what the call
 * @param error null if there is no answer to it
 * @param none the reason if the name has no such records
 */
export function dnsError(what: string, error: Error | null, none: string): DnsError {
  const code = error === null ? 'ENODATA' : codeOf(error)
  const known = code === 'ENODATA' ? none : REASONS[code ?? '']
  const reason = known === undefined ? reasonOf(error) : `${known} (${code})`
  return new DnsError(`${what}: ${reason}`, code, error === null ? {} : { cause: error })
}
