/** The event `lookup`: the addresses of a name, as the system finds them. */

import type { Coroutine, Event } from '@bluelet/scheduler'
import {
  type EventHandler,
  event,
  hastenCall,
  ofLibrary,
  type Waiter,
  withdrawCall,
} from '@bluelet/scheduler/lowlevel'
import { checkTimeout, shown } from '../check.js'
import { Address, shownHost } from '../driver/address.js'
import type { Driver, DriverName } from '../driver/protocol.js'
import { driverOf } from '../drivers/select.js'
import { checkName, dnsError } from './arguments.js'
import { inTime } from './deadline.js'
import { hostAddresses } from './host-addresses.js'

/** Milliseconds for the look-up. */
const DEFAULT_TIMEOUT = 10_000

/** Options of {@link lookup}. */
export interface LookupOptions {
  /** The version of IP: 4 or 6. Default: both. */
  readonly family?: 4 | 6
  /** The maximum time in milliseconds, more than 0. Default: 10,000. `Infinity` means no limit. */
  readonly timeout?: number
  /** The driver, or its name. Default: that of {@link connect}. */
  readonly driver?: Driver | DriverName
}

/**
 * Event: looks up the addresses of a name as the system does (`/etc/hosts`, then name servers), and
 * gives at least one {@link Address}, whose port is 0, in the order in which the system prefers
 * them. `connect` does this by itself.
 *
 * The system's look-up runs in a thread of Node's pool and cannot be cancelled. A task that is
 * killed, or whose time is up, goes on at once, and the late answer is ignored.
 *
 * Throws {@link DnsError}: `ENOTFOUND` if the name does not exist, `ETIMEDOUT` if the time is up.
 *
 * Bluelet: does not have it; Python's `socket.getaddrinfo` blocks the whole program.
 *
 * @example
 * const [first] = yield* lookup('localhost', { family: 4 })
 *
 * @param host a name, or an address, which is its own answer
 * @param options the family, the timeout, the driver
 * @throws TypeError, RangeError if the name or an option is invalid
 */
export function lookup(host: string, options: LookupOptions = {}): Event<Address[]> {
  checkName(host, 'lookup(host)')
  const { family, timeout: ms = DEFAULT_TIMEOUT, driver } = options
  if (family !== undefined && family !== 4 && family !== 6) {
    throw new RangeError(`lookup: family: expected 4 or 6, got ${shown(family)}`)
  }
  checkTimeout(ms, 'lookup: timeout', 'no limit')
  return event<Address[]>(LOOKUP, { host, family, ms, driver })
}

interface Lookup {
  readonly host: string
  readonly family: 4 | 6 | undefined
  readonly ms: number
  readonly driver: Driver | DriverName | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a waiter that calls gets what the coroutine returns.
const LOOKUP: EventHandler<Lookup, ReturnType<Waiter['call']>, any> = {
  name: 'lookup',
  describe: ({ host }) => shownCall(host),
  enter: (waiter, query) =>
    waiter.call(ofLibrary(looking)(query, driverOf(waiter.scheduler.host, query.driver)), 'lookup'),
  withdraw: withdrawCall,
  hasten: hastenCall,
}

function* looking({ host, family, ms }: Lookup, driver: Driver): Coroutine<Address[]> {
  const what = shownCall(host)
  const failure = (error: Error | null) => dnsError(what, error, 'the name has no address')
  const found = yield* inTime(ms, hostAddresses(driver, host, failure), what)
  const addresses = found.map((address) => new Address(address, 0))
  const wanted = addresses.filter((address) => family === undefined || address.family === family)
  if (wanted.length > 0) return wanted
  throw dnsError(what, null, `the name has no IPv${family} address`)
}

function shownCall(host: string): string {
  return `lookup('${shownHost(host)}')`
}
