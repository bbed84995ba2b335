// Our echo server with `yield`, on the given driver.
import { serve } from '../bluelet.js'
import { bufferBytes } from '../control.js'

function* echoer(conn) {
  while (true) {
    const data = yield conn.recv(bufferBytes)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

await serve(echoer)
