/** What a driver is asked about a name. Types only. */

import type { CaaRecord, MxRecord, NaptrRecord, SoaRecord, SrvRecord } from 'node:dns'

/** The records of a name, by type, in the shapes of Node's `dns` module. */
export interface DnsRecords {
  /** An IPv4 address: `'93.184.216.34'`. */
  A: string
  /** An IPv6 address. */
  AAAA: string
  /** An issuer that may certify the name: `{ critical, issue }` ... */
  CAA: CaaRecord
  /** The name that it is an alias of. */
  CNAME: string
  /** A mail server: `{ exchange, priority }`. */
  MX: MxRecord
  /** A rule to rewrite names: `{ flags, service, regexp, replacement, order, preference }`. */
  NAPTR: NaptrRecord
  /** A name server. */
  NS: string
  /** The name of an address. */
  PTR: string
  /** The start of authority, of which there is one. */
  SOA: SoaRecord
  /** A server of a service: `{ name, port, priority, weight }`. */
  SRV: SrvRecord
  /** A text, as the chunks in which it was sent. */
  TXT: string[]
}

/** The type of a record. */
export type DnsType = keyof DnsRecords

/** A question to a name server. */
export interface DnsQuery {
  /** The name whose records are wanted. */
  readonly name: string
  /** Their type. */
  readonly type: DnsType
  /** Addresses of name servers, with or without a port; undefined: those of the system. */
  readonly servers: readonly string[] | undefined
  /** Milliseconds for all tries. */
  readonly timeout: number
  /** How often each server is asked. */
  readonly tries: number
}

/** Receives the records, once and later. */
export type DnsAnswer = (error: Error | null, records: readonly unknown[]) => void
