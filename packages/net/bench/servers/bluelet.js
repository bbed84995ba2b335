// The part that our measured servers share.
import { server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { BACKLOG, listening } from './control.js'

/** Serves with this handler, on the driver that the command line names. */
export function serve(handler, options = {}) {
  return run(
    server('127.0.0.1', 0, handler, {
      driver: process.argv[3],
      maxConnections: 50_000,
      backlog: BACKLOG,
      ...options,
      onListening: ({ address }) => listening(address.port),
    }),
  )
}
