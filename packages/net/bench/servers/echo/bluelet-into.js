// Our echo server with a buffer of its own for each connection.
import { Connection } from '@bluelet/net'
import { serve } from '../bluelet.js'
import { bufferBytes } from '../control.js'

if (!('recvInto' in Connection.prototype)) throw new Error('its build has no recvInto')

function* echoer(conn) {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  while (true) {
    const n = yield conn.recvInto(buffer)
    if (n === 0) break
    yield conn.sendall(buffer.subarray(0, n))
  }
}

await serve(echoer)
