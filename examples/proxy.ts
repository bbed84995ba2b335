// A TCP proxy: it connects each client to another server, and passes bytes on in both directions. An end, a reset, and
// the pace of the slower side pass through it. Run it in front of examples/echo.ts, for example:
//
//   PORT=4916 node --import tsx examples/proxy.ts 127.0.0.1 4915

import { ConnectError, type Connection, ConnectionResetError, connect, relay, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

const [host = '127.0.0.1', target = '4915'] = process.argv.slice(2)

function* proxy(client: Connection) {
  try {
    using upstream = yield* connect(host, Number(target))
    const { aToB, bToA } = yield* relay(client, upstream)
    console.log(`${client.remoteAddress}: ${aToB} bytes there, ${bToA} bytes back`)
  } catch (error) {
    // A reset has already been passed on. Without this line, one of the upstream would be reported as an error of ours.
    if (!(error instanceof ConnectionResetError || error instanceof ConnectError)) throw error
    console.log(`${client.remoteAddress}: ${error.message}`)
    client.abort()
  }
}

await run(
  server('', Number(process.env.PORT ?? 4916), proxy, {
    onListening: ({ address }) => console.log(`proxy on port ${address.port}, for ${host} port ${target}`),
  }),
)
