/**
 * The worker as Node starts it, for lessons and tests without a browser: the same program gives the
 * same trace.
 */

import type { Report, Request } from './protocol.js'
import { perform } from './worker.js'

/** Given by what starts the worker; see headless.mjs. */
declare const parentPort: {
  once(event: 'message', listener: (request: Request) => void): void
  postMessage(report: Report): void
}

const { Buffer } = globalThis

parentPort.once('message', (request) => {
  let made = 0
  void perform(request, {
    send: (report) => parentPort.postMessage(report),
    moduleOf: (code) =>
      `data:text/javascript;base64,${Buffer.from(`${code}\n//${++made}`).toString('base64')}`,
  })
})
