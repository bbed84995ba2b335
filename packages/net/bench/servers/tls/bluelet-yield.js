// Our echo server over TLS with `yield`: the handler of the plain one.
import { bufferBytes } from '../control.js'
import { serveTls } from './bluelet.js'

function* echoer(conn) {
  while (true) {
    const data = yield conn.recv(bufferBytes)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

await serveTls(echoer)
