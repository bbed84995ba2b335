/**
 * The addresses of a host, as an event for `lookup` and `connect`. The driver finds them; there is
 * no cache.
 */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { hasNul, shownHost } from '../driver/address.js'
import type { Driver } from '../driver/protocol.js'
import { systemError } from '../driver/system-errors.js'

/** Makes the error of a look-up; null: the name has no address. */
export type LookupFailure = (error: Error | null) => Error

/**
 * Event: looks up the addresses of a host. A driver cannot cancel that: a late answer is ignored.
 *
 * @param failure makes the error, if there is one
 */
export function hostAddresses(
  driver: Driver,
  host: string,
  failure: LookupFailure,
): Event<readonly string[]> {
  return event<readonly string[]>(LOOKUP, { driver, host, failure })
}

interface Query {
  readonly driver: Driver
  readonly host: string
  readonly failure: LookupFailure
}

const LOOKUP: EventHandler<Query, { waiter: Waiter<readonly string[]> | null }, readonly string[]> = {
  name: 'lookup',
  external: 'lookup',
  describe: ({ host }) => `lookup('${shownHost(host)}')`,
  enter(waiter, { driver, host, failure }) {
    // A driver of the user's own may not check.
    if (hasNul(host)) throw failure(systemError('ENOTFOUND', 'lookup'))
    const wait: { waiter: Waiter<readonly string[]> | null } = { waiter }
    driver.lookup(host, (error, addresses) => {
      const waiting = wait.waiter
      wait.waiter = null
      if (waiting === null) return
      if (error === null && addresses.length > 0) waiting.resume(addresses)
      else waiting.throw(failure(error))
    })
    return wait
  },
  withdraw(_waiter, _query, wait) {
    wait.waiter = null
  },
}
