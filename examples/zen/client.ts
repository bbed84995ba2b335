// A client of the Zen servers: it asks three questions on one connection, and prints the answers. With -e it hangs up in the
// middle of the first question. Start a server, then run this in another terminal:
//
//   node --import tsx examples/zen/client.ts 127.0.0.1
//   node --import tsx examples/zen/client.ts -e 127.0.0.1

import { connect } from '@bluelet/net'
import { type Coroutine, run } from '@bluelet/scheduler'
import { ANSWERS, commandLine } from './zen.js'

const { host, port, hangUp } = commandLine()

function* client(): Coroutine<void> {
  const conn = yield* connect(host, port)
  try {
    for (const question of ANSWERS.keys()) {
      yield* conn.sendall(hangUp ? question.slice(0, -1) : question)
      if (hangUp) return
      console.log(`${question} ${yield* conn.readuntil('.')}`)
    }
  } finally {
    conn.close()
  }
}

await run(client)
