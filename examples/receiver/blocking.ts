// A receiver, step 1 of 4: it prints whatever it receives. One task does everything in order, so the second client waits until
// the first has left, as in a blocking program. After Asynchronous part 3 by Ben Cordero. Run the first command, and the second
// several times in another terminal:
//
//   node --import tsx examples/receiver/blocking.ts
//   (while true;do sleep 1;echo a;done)|nc localhost 8888 &

import { listen } from '@bluelet/net'
import { type Coroutine, run } from '@bluelet/scheduler'

const [host = '::'] = process.argv.slice(2)
const port = Number(process.env.PORT ?? 8888)

function* main(): Coroutine<never> {
  const listener = yield* listen(host, port)
  console.log(`Listening on: ${listener.address}`)
  while (true) {
    const conn = yield* listener.accept()
    console.log(`Connection from: ${conn.remoteAddress}`)
    console.log(`Receiving from: ${conn.remoteAddress}`)
    while (true) {
      const data = yield* conn.recv(1024)
      if (!data.length) break
      process.stdout.write(data)
    }
    conn.close()
    console.log('Connection closed')
    console.log('Next connection...')
  }
}

await run(main)
