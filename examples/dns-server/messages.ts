// Messages of the domain name system (RFC 1035, section 4): a part of examples/dns-server.ts, which
// says how to run it:
//
//   node --import tsx examples/dns-server.ts db.test=10.0.0.7

export const NO_ERROR = 0
export const FORMAT_ERROR = 1
export const NO_SUCH_NAME = 3

const HEADER = 12

/** Whether a datagram is long enough, and no answer. */
export function isQuery(data: Buffer): boolean {
  return data.length >= HEADER && data.readUInt8(2) < 0x80
}

/** An IPv4 address for the name in the question, for a minute. */
export function addressRecord(address: string): Buffer {
  return Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)])
}

/** The answer to a query: a code, the question, records. */
export function reply(query: Buffer, code: number, [question, ...records]: readonly Buffer[]): Buffer {
  const counts = [0, question === undefined ? 0 : 1, 0, records.length, 0, 0, 0, 0]
  const header = Buffer.from([...query.subarray(0, 2), 0x84 | (query.readUInt8(2) & 1), code, ...counts])
  return Buffer.concat([header, ...(question === undefined ? [] : [question]), ...records])
}

/** What a query asks; null if it is malformed. */
export function questionIn(data: Buffer): { name: string; type: number; bytes: Buffer } | null {
  const labels: string[] = []
  let at = HEADER
  for (let length = data[at]; length !== 0; length = data[at]) {
    if (length === undefined || length > 63) return null
    labels.push(data.toString('latin1', at + 1, at + 1 + length).toLowerCase())
    at += 1 + length
  }
  if (at + 5 > data.length) return null
  return { name: labels.join('.'), type: data.readUInt16BE(at + 1), bytes: data.subarray(HEADER, at + 5) }
}
