// The Zen server as a generator: the code follows the conversation, and nothing else is needed. Run it, then the client:
//
//   node --import tsx examples/zen/generator.ts 127.0.0.1
//   node --import tsx examples/zen/client.ts 127.0.0.1

import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { answerTo, commandLine, farewell, LONGEST } from './zen.js'

function* conversation(conn: Connection) {
  const address = conn.remoteAddress
  console.log(`Accepted connection from ${address}`)
  while (true) {
    const question: Buffer = yield conn.readline('?', { limit: LONGEST })
    if (!question.includes('?')) return console.log(farewell(address, question))
    yield conn.sendall(answerTo(question))
  }
}

const { host, port } = commandLine()

await run(
  server(host, port, conversation, {
    onListening: ({ address }) => console.log(`Listening at ${address}`),
  }),
)
