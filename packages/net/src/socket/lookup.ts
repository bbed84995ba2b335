/** The look-up of a `connect`, with its errors. */

import type { Event } from '@bluelet/scheduler'
import { hasNul } from '../driver/address.js'
import { type HostEndpoint, shownEndpoint } from '../driver/endpoint.js'
import type { Driver } from '../driver/protocol.js'
import { ConnectError, codeOf, reasonOf } from '../errors.js'
import { hostAddresses } from '../names/host-addresses.js'

/** Event: looks up the addresses of a host, in order to connect to a port of one. */
export function lookup(driver: Driver, to: HostEndpoint): Event<readonly string[]> {
  return hostAddresses(driver, to.host, (error) => lookupError(to, error))
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
