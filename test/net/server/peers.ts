// Raw clients of a server under test, and a server that does not wait for its handlers.
import type { Connection, ServerOptions } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'
import { dial, type Peer } from '../../support/peer.js'
import { type Served, serve } from '../serving.js'

/** Starts a server with a grace period of 0, since most handlers here do not end by themselves. */
export function serveWithoutGrace(
  handler: (conn: Connection) => Coroutine,
  options: ServerOptions = {},
): Coroutine<Served> {
  return serve(handler, { grace: 0, ...options })
}

/** Connects and reads. The peer ends its side when the server does. */
export async function client(port: number, text = ''): Promise<Peer> {
  const peer = await dial(port)
  peer.read()
  peer.socket.once('end', () => peer.end())
  if (text !== '') peer.write(text)
  return peer
}

/** Sends a text; gives the reply up to the end of the stream. */
export async function request(port: number, text: string): Promise<string> {
  const peer = await client(port, text)
  peer.end()
  await peer.finish()
  return peer.text
}
