// A name server on UDP (RFC 1035) for the IPv4 addresses of the names on its command line. Run it,
// then, in another terminal, ask it:
//
//   node --import tsx examples/dns-server.ts db.test=10.0.0.7 www.test=10.0.0.8
//   dig @127.0.0.1 -p 5353 db.test

import { type Datagram, signals, udp } from '@bluelet/net'
import { run, spawn } from '@bluelet/scheduler'
import {
  addressRecord,
  FORMAT_ERROR,
  isQuery,
  NO_ERROR,
  NO_SUCH_NAME,
  questionIn,
  reply,
} from './dns-server/messages.js'

const TYPE_A = 1
const zone = new Map(process.argv.slice(2).map((pair) => pair.split('=') as [name: string, address: string]))

/** The answer to a question; null for what is no question and gets none. */
function answer({ data }: Datagram): Buffer | null {
  if (!isQuery(data)) return null
  const question = questionIn(data)
  if (question === null) return reply(data, FORMAT_ERROR, [])
  const address = zone.get(question.name)
  if (address === undefined) return reply(data, NO_SUCH_NAME, [question.bytes])
  if (question.type !== TYPE_A) return reply(data, NO_ERROR, [question.bytes])
  return reply(data, NO_ERROR, [question.bytes, addressRecord(address)])
}

await run(function* main() {
  using socket = yield* udp({ host: '127.0.0.1', port: Number(process.env.PORT ?? 5353) })
  using ends = signals('SIGINT', 'SIGTERM')
  yield* spawn(function* untilSignal() {
    yield* ends.next()
    process.exit() // Datagrams need no goodbye.
  })
  console.log(`names at ${socket.address}`)
  while (true) {
    const datagram = yield* socket.recv()
    const bytes = answer(datagram)
    if (bytes !== null) yield* socket.send(bytes, datagram.from)
  }
})
