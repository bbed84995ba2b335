/** The event `resolve`: the records of a name, as name servers have them. */

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
import { shownHost } from '../driver/address.js'
import type { DnsQuery, DnsRecords, DnsType } from '../driver/dns.js'
import type { Driver, DriverName } from '../driver/protocol.js'
import { driverOf } from '../drivers/select.js'
import { DnsError } from '../errors.js'
import { checkName, dnsError } from './arguments.js'
import { inTime } from './deadline.js'

/** Milliseconds for all tries. */
const DEFAULT_TIMEOUT = 5000
const DEFAULT_TRIES = 2
const MAX_TRIES = 100

const TYPES: readonly string[] = [
  'A',
  'AAAA',
  'CAA',
  'CNAME',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SOA',
  'SRV',
  'TXT',
] satisfies DnsType[]

/** `127.0.0.1`, `127.0.0.1:53`, `::1`, `[::1]`, `[::1]:53`. The resolver checks the rest. */
const SERVER = /^(\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?|[\da-f:.]*:[\da-f:.]*|\[[\da-f:.]+\](:\d{1,5})?)$/i

/** Options of {@link resolve}. */
export interface ResolveOptions {
  /**
   * The name servers: addresses, with or without a port (`'127.0.0.1:5353'`, `'[::1]:53'`).
   * Default: those of the system.
   */
  readonly servers?: readonly string[]
  /**
   * The maximum time in milliseconds for all servers and tries together, more than 0. Default:
   * 5,000. `Infinity` means no limit.
   */
  readonly timeout?: number
  /** How often each server is asked: 1 to 100. Default: 2. */
  readonly tries?: number
  /** The driver, or its name. Default: that of {@link connect}. */
  readonly driver?: Driver | DriverName
}

/**
 * Event: asks name servers for the records of a name, and gives at least one. Unlike `lookup` it
 * does not read `/etc/hosts`, uses no thread, and a kill cancels the question.
 *
 * Throws {@link DnsError}: `ENOTFOUND` if the name does not exist, `ENODATA` if it has no records
 * of this type, `ETIMEDOUT` or `ETIMEOUT` if no server has answered in time.
 *
 * In a simulation the options `names` and `records` have the answers.
 *
 * @example
 * const servers = yield* resolve('example.com', 'MX')
 * servers.sort((a, b) => a.priority - b.priority)
 *
 * @typeParam T the type of the records
 * @param name a name; for PTR one such as `1.0.0.127.in-addr.arpa`
 * @param type `A`, `AAAA`, `CAA`, `CNAME`, `MX`, `NAPTR`, `NS`, `PTR`, `SOA`, `SRV` or `TXT`
 * @param options the servers, the timeout, the tries, the driver
 * @throws TypeError, RangeError if the name, the type or an option is invalid
 */
export function resolve<T extends DnsType>(
  name: string,
  type: T,
  options: ResolveOptions = {},
): Event<DnsRecords[T][]> {
  checkName(name, 'resolve(name, type)')
  if (!TYPES.includes(type)) {
    throw new TypeError(`resolve(name, type): expected one of ${TYPES.join(', ')}, got ${shown(type)}`)
  }
  const { servers, timeout = DEFAULT_TIMEOUT, tries = DEFAULT_TRIES, driver } = options
  checkTimeout(timeout, 'resolve: timeout', 'no limit')
  if (!Number.isInteger(tries) || tries < 1 || tries > MAX_TRIES) {
    throw new RangeError(`resolve: tries: expected an integer from 1 to ${MAX_TRIES}, got ${shown(tries)}`)
  }
  checkServers(servers)
  return event<DnsRecords[T][]>(RESOLVE, { query: { name, type, servers, timeout, tries }, driver })
}

/** @throws TypeError if they are not addresses of servers */
function checkServers(servers: unknown): void {
  if (servers === undefined) return
  if (!Array.isArray(servers) || servers.length === 0) {
    throw new TypeError(`resolve: servers: expected at least one address in an array, got ${shown(servers)}`)
  }
  for (const server of servers) {
    if (typeof server === 'string' && SERVER.test(server)) continue
    throw new TypeError(`resolve: servers: expected addresses such as '127.0.0.1:53', got ${shown(server)}`)
  }
}

interface Question {
  readonly query: DnsQuery
  readonly driver: Driver | DriverName | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: a waiter that calls gets what the coroutine returns.
const RESOLVE: EventHandler<Question, ReturnType<Waiter['call']>, any> = {
  name: 'resolve',
  describe: ({ query }) => shownCall(query),
  enter: (waiter, { query, driver }) =>
    waiter.call(ofLibrary(resolving)(query, driverOf(waiter.scheduler.host, driver)), 'resolve'),
  withdraw: withdrawCall,
  hasten: hastenCall,
}

function* resolving(query: DnsQuery, driver: Driver): Coroutine<unknown[]> {
  const records = event<readonly unknown[]>(RECORDS, { query, driver })
  return [...(yield* inTime(query.timeout, records, shownCall(query)))]
}

interface Asked {
  readonly query: DnsQuery
  readonly driver: Driver
}

const RECORDS: EventHandler<Asked, () => void, readonly unknown[]> = {
  name: 'resolve',
  external: 'lookup',
  describe: ({ query }) => shownCall(query),
  enter(waiter, { query, driver }) {
    const what = shownCall(query)
    if (driver.resolve === undefined) {
      throw new DnsError(`${what}: the driver '${driver.name}' asks no name servers (ENOTSUP)`, 'ENOTSUP')
    }
    let answered = false
    const cancel = driver.resolve(query, (error, records) => {
      if (answered) return
      answered = true
      if (error === null && records.length > 0) waiter.resume(records)
      else waiter.throw(dnsError(what, error, `the name has no ${query.type} records`))
    })
    return () => {
      answered = true
      cancel()
    }
  },
  withdraw: (_waiter, _asked, cancel) => cancel(),
}

function shownCall({ name, type }: DnsQuery): string {
  return `resolve('${shownHost(name)}', '${type}')`
}
