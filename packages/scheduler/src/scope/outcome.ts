/**
 * The outcome of several errors: one is thrown as it is, several become an AggregateError.
 */

import { inspectThrown } from '../check.js'

/** The number of errors that a message lists; the AggregateError holds all of them. */
const MAX_LISTED = 20

/**
 * The error of a set of errors.
 *
 * @param errors at least one
 * @param what what has failed, for the message: `tasks`
 * @returns the error itself if there is one, else an AggregateError that holds all of them
 */
export function combinedError(errors: readonly unknown[], what: string): unknown {
  if (errors.length === 1) return errors[0]
  const listed = errors.slice(0, MAX_LISTED).map(inspectThrown)
  if (errors.length > MAX_LISTED) listed.push(`and ${errors.length - MAX_LISTED} more`)
  return new AggregateError(errors, `${errors.length} ${what} failed: ${listed.join('; ')}`)
}
