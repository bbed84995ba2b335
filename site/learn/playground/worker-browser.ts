/**
 * The worker as a browser starts it. The first message brings a port of its own, which the program
 * cannot reach: it could send whatever it likes by `postMessage`.
 */

import type { Request } from './protocol.js'
import { perform } from './worker.js'

interface Begin {
  readonly request: Request
}

const { Blob, URL } = globalThis
const addressOf = URL.createObjectURL.bind(URL)

globalThis.addEventListener(
  'message',
  ({ data, ports: [port] }: MessageEvent<Begin>) => {
    if (port === undefined) return
    const send = port.postMessage.bind(port)
    port.onmessage = () => send({ alive: true })
    void perform(data.request, {
      send: (report) => send({ report }),
      moduleOf: (code) => addressOf(new Blob([code], { type: 'text/javascript' })),
    })
  },
  { once: true },
)
