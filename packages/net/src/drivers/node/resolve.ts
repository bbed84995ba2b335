/** Questions to name servers, by Node's resolver. */

import type { DnsAnswer, DnsQuery } from '../../driver/dns.js'

/** The longest time that the resolver takes. */
const MAX_TIMEOUT = 2 ** 31 - 1

/**
 * Asks the name servers. Each question has a resolver of its own, since cancelling one cancels all
 * that it was asked.
 *
 * @returns cancels the question
 */
export function resolve({ name, type, servers, timeout, tries }: DnsQuery, done: DnsAnswer): () => void {
  const { Resolver } = process.getBuiltinModule('node:dns')
  const each = Math.min(Math.ceil(timeout / tries), MAX_TIMEOUT)
  const resolver = new Resolver({ timeout: each, tries })
  try {
    if (servers !== undefined) resolver.setServers(servers)
    resolver.resolve(name, type, (error, records) => {
      if (error !== null) done(error, [])
      else done(null, Array.isArray(records) ? records : [records])
    })
  } catch (error) {
    queueMicrotask(() => done(error as Error, []))
  }
  return () => resolver.cancel()
}
