// A small name server for tests, on UDP.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  35: 'NAPTR',
  257: 'CAA',
}
const NO_ERROR = 0
const NO_SUCH_NAME = 3

/**
 * The answers to a question: the bytes of each record; undefined: there is no such name; null:
 * silence.
 */
export type Zone = (name: string, type: string) => readonly Uint8Array[] | undefined | null

export interface NameServer extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string
  /** The questions so far, such as `example.test MX`. */
  readonly questions: readonly string[]
}

export async function nameServer(zone: Zone): Promise<NameServer> {
  const socket: Socket = createSocket('udp4')
  const questions: string[] = []
  socket.on('message', (message, { port, address }) => {
    const { name, type, question } = questionIn(message)
    questions.push(`${name} ${type}`)
    const records = zone(name, type)
    if (records === null) return
    const code = records === undefined ? NO_SUCH_NAME : NO_ERROR
    const header = Buffer.from([
      message[0]!,
      message[1]!,
      0x85,
      0x80 | code,
      0,
      1,
      0,
      records?.length ?? 0,
      0,
      0,
      0,
      0,
    ])
    const answers = (records ?? []).map((data) => {
      const fixed = Buffer.from([0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0])
      question.copy(fixed, 2, question.length - 4, question.length - 2)
      fixed.writeUInt16BE(data.length, 10)
      return Buffer.concat([fixed, data])
    })
    socket.send(Buffer.concat([header, question, ...answers]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

function questionIn(message: Buffer): { name: string; type: string; question: Buffer } {
  const labels: string[] = []
  let at = 12
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const type = message.readUInt16BE(at + 1)
  return {
    name: labels.join('.').toLowerCase(),
    type: TYPES[type] ?? `${type}`,
    question: message.subarray(12, at + 5),
  }
}

/** A name in a record. */
export function encoded(name: string): Buffer {
  return Buffer.concat([...name.split('.').map(text), Buffer.of(0)])
}

/** A string with its length in front. */
export function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')])
}

/** Numbers of 16 bits. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i)
  return bytes
}
