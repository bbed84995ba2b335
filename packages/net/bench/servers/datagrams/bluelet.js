// The part that our measured servers of datagrams share.
import { udp } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { listening } from '../control.js'

/** Gives this handler a socket, on the driver that the command line names. */
export function serveDatagrams(handler) {
  return run(function* main() {
    const socket = yield* udp({ host: '127.0.0.1', driver: process.argv[3] })
    listening(socket.address.port)
    yield* handler(socket)
  })
}
