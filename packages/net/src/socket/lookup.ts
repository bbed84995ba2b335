/**
 * The look-up of a name, as an event. The driver does it; there is no cache.
 */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { hasNul, shownHost } from '../driver/address.js'
import { type HostEndpoint, shownEndpoint } from '../driver/endpoint.js'
import type { Driver } from '../driver/protocol.js'
import { systemError } from '../driver/system-errors.js'
import { ConnectError, codeOf, reasonOf } from '../errors.js'

/**
 * Event: looks up the addresses of a host. A driver cannot cancel that: a late answer is ignored.
 */
export function lookup(driver: Driver, { host, port }: HostEndpoint): Event<readonly string[]> {
  return event<readonly string[]>(LOOKUP, { driver, host, port })
}

/** The port is for the error. */
interface Query extends HostEndpoint {
  readonly driver: Driver
}

const LOOKUP: EventHandler<Query, { waiter: Waiter<readonly string[]> | null }, readonly string[]> = {
  name: 'lookup',
  external: 'lookup',
  describe: ({ host }) => `lookup('${shownHost(host)}')`,
  enter(waiter, query) {
    const { driver, host } = query
    // A driver of the user's own may not check.
    if (hasNul(host)) throw lookupError(query, systemError('ENOTFOUND', 'lookup'))
    const wait: { waiter: Waiter<readonly string[]> | null } = { waiter }
    driver.lookup(host, (error, addresses) => {
      const waiting = wait.waiter
      wait.waiter = null
      if (waiting === null) return
      if (error === null && addresses.length > 0) waiting.resume(addresses)
      else waiting.throw(lookupError(query, error))
    })
    return wait
  },
  withdraw(_waiter, _query, wait) {
    wait.waiter = null
  },
}

function lookupError(query: HostEndpoint, error: Error | null): ConnectError {
  const code = error === null ? 'ENOTFOUND' : codeOf(error)
  const noAddress = hasNul(query.host)
    ? `a host cannot contain a NUL byte (${code})`
    : `the name has no address (${code})`
  // An error without a code does not come from a resolver.
  const reason = error !== null && code === undefined ? reasonOf(error) : noAddress
  const message = `connect(${shownEndpoint(query)}) failed: ${reason}`
  return new ConnectError(message, code, error === null ? [] : [error])
}
