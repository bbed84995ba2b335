/** The names of a simulated network. */

import { hasNul, isNumeric } from '../../driver/address.js'
import type { DnsRecords, DnsType } from '../../driver/dns.js'

/** Addresses by name; or a code with which the look-up fails; or `'hang'`. */
export type SimulatedNames = Readonly<Record<string, readonly string[] | string>>

/** Records by name and type; or a code with which the question fails; or `'hang'`. */
export type SimulatedRecords = Readonly<
  Record<string, { readonly [T in DnsType]?: readonly DnsRecords[T][] } | string>
>

/** The addresses of a host, or a code. */
export function addressesOf(names: SimulatedNames, host: string): readonly string[] | string {
  if (hasNul(host)) return 'ENOTFOUND'
  if (isNumeric(host)) return [host]
  return names[host] ?? (host === 'localhost' ? ['127.0.0.1'] : 'ENOTFOUND')
}

/** The records of a name, or a code. Its addresses are records, too. */
export function recordsOf(
  names: SimulatedNames,
  records: SimulatedRecords,
  name: string,
  type: DnsType,
): readonly unknown[] | string {
  const known = records[name]
  if (typeof known === 'string') return known
  const own = known?.[type]
  if (own !== undefined) return own
  const addresses = addressesOf(names, name)
  if (typeof addresses === 'string') return known === undefined ? addresses : 'ENODATA'
  const found = addresses.filter((address) => type === (address.includes(':') ? 'AAAA' : 'A'))
  return found.length > 0 ? found : 'ENODATA'
}
