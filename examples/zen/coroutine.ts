// The Zen server as a coroutine with a reader and a writer, as in asyncio. It reads like a conversation with one client, and each
// place where it may pause has a yield. It splits the questions itself; compare generator.ts. Run it, then client.ts in another
// terminal:
//
//   node --import tsx examples/zen/coroutine.ts 127.0.0.1

import { type Coroutine, run } from '@bluelet/scheduler'
import { type Reader, startServer, type Writer } from './streams.js'
import { answersTo, commandLine, farewell } from './zen.js'

function* conversation(reader: Reader, writer: Writer): Coroutine<void> {
  console.log(`Accepted connection from ${writer.address}`)
  let data: Buffer = Buffer.alloc(0)
  while (true) {
    const more = yield* reader.read(4096)
    if (more.length === 0) return console.log(farewell(writer.address, data))
    const { answers, rest } = answersTo(more, data)
    data = rest
    if (answers.length > 0) yield* writer.write(answers)
  }
}

const { host, port } = commandLine()

await run(startServer(conversation, host, port, (address) => console.log(`Listening at ${address}`)))
