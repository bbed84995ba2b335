/**
 * What runs in the thread of the monitor: a server on the socket, written with this package, so
 * that neither its clients nor its limits disturb the monitored loop.
 */

import { randomBytes } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
// By its name, so that the build does not split the entry for this thread.
import { server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { serveBrowser } from './browser.js'
import { serveClient } from './client.js'
import { Front } from './front.js'
import { InspectorQueue, openInspector } from './inspector-queue.js'
import { Link } from './link.js'
import { type Beginning, LIVE, type SocketFileId, type ToMonitor, type ToMonitored } from './messages.js'
import { Top } from './top.js'

/** More clients are told that there are too many. */
const MAX_CLIENTS = 16

/** A client that is silent for longer is disconnected: half an hour. */
const IDLE_TIMEOUT = 1_800_000

/** A client that accepts no bytes for longer is disconnected. */
const STALL_TIMEOUT = 10_000

/** How long a browser waits for its recording of half a second, in milliseconds. */
const LIVE_PATIENCE = 3000

const SAMPLE_INTERVAL = 1000

/** Serves until it is told to close. */
export async function serve(port: MessagePort, beginning: Beginning): Promise<void> {
  const { target, counters, origin, reachable, control } = beginning
  const post = (message: ToMonitored): void => port.postMessage(message)
  const top = new Top(counters, () => performance.now() + performance.timeOrigin - origin)
  const link = new Link(post)
  const after = (ms: number): Promise<undefined> =>
    // The server keeps the thread alive, and no time limit does after its end.
    new Promise((resolve) => setTimeout(resolve, ms, undefined).unref())
  const inspector = new InspectorQueue(openInspector)
  const front = new Front({ link, top, inspector, reachable, control, after })
  const closing = new AbortController()
  const sampling = setInterval(() => top.sample(), SAMPLE_INTERVAL)
  port.on('message', (message: ToMonitor) => {
    if (message.kind === 'close') closing.abort()
    else link.answered(message)
  })
  const token = randomBytes(16).toString('hex')
  const record = async (): Promise<string> =>
    (await Promise.race([link.ask(LIVE), after(LIVE_PATIENCE)])) ?? 'The loop does not answer.\n'
  let clients = 0
  try {
    await run(
      server(
        target,
        function* (conn) {
          const { localAddress } = conn
          if (clients === MAX_CLIENTS)
            return yield* conn.sendall(`too many clients: ${MAX_CLIENTS} at most\n`)
          clients++
          try {
            if (localAddress?.port) yield* serveBrowser(conn, { token, port: localAddress.port, record })
            else yield* serveClient(conn, (command) => front.answer(command))
          } finally {
            clients--
          }
        },
        {
          driver: 'node',
          signals: false,
          signal: closing.signal,
          grace: 0,
          maxConnections: 2 * MAX_CLIENTS,
          overload: 'close',
          firstByteTimeout: IDLE_TIMEOUT,
          idleTimeout: IDLE_TIMEOUT,
          stallTimeout: STALL_TIMEOUT,
          linger: 100,
          onListening: ({ address }) =>
            post({
              kind: 'listening',
              address: 'path' in target ? `${address}` : `http://${address}/?token=${token}`,
              file: fileAt(address.path),
            }),
        },
      ),
    )
  } catch (error) {
    post({ kind: 'failed', error: error as Error })
  } finally {
    clearInterval(sampling)
    port.close()
  }
}

/** The file of a Unix socket; null if it has none. */
function fileAt(path: string | undefined): SocketFileId | null {
  const stats = path === undefined ? undefined : lstatSync(path, { throwIfNoEntry: false })
  return path === undefined || stats === undefined
    ? null
    : { path: resolve(path), dev: stats.dev, ino: stats.ino }
}
