/**
 * The script of the frame: starts a worker for each request, and ends it. The frame has a sandbox,
 * and so an origin of its own, without storage; its policy lets nothing be loaded.
 */

import type { End, Report, Request } from './protocol.js'

/** Milliseconds without an answer, after which a worker is taken to hang. */
const MAX_SILENCE = 2_400
const BETWEEN_PINGS = 100
/** Milliseconds that a worker may take in all. */
const MAX_LIFE = 30_000

/** What the page sends. */
export type ToFrame = { readonly start: number; readonly request: Request } | { readonly stop: number }

/** What the frame sends. */
export interface FromFrame {
  readonly of: number
  readonly report: Report
}

let address = ''
let page: MessagePort
/** The next worker, which has loaded its script. */
let spare: Worker | null = null
let current: { readonly id: number; readonly worker: Worker; readonly end: () => void } | null = null

addEventListener(
  'message',
  ({ data, ports: [port] }: MessageEvent<{ worker: string }>) => {
    if (port === undefined) return
    page = port
    address = URL.createObjectURL(new Blob([data.worker], { type: 'text/javascript' }))
    spare = new Worker(address)
    page.onmessage = ({ data: message }: MessageEvent<ToFrame>) => {
      if ('request' in message) start(message.start, message.request)
      else if (current?.id === message.stop) current.end()
    }
  },
  { once: true },
)

function start(id: number, request: Request): void {
  current?.end()
  const worker = spare ?? new Worker(address)
  const begun = performance.now()
  const { port1: port, port2 } = new MessageChannel()
  let silentSince: number | null = null
  let answered = false

  const watch = setInterval(() => {
    const now = performance.now()
    if (silentSince === null) {
      silentSince = now
      port.postMessage({})
    } else if (now - silentSince > MAX_SILENCE) finish(endOf('hang'))
    if (now - begun > MAX_LIFE) finish(endOf('slow'))
  }, BETWEEN_PINGS)

  const end = (): void => {
    clearInterval(watch)
    worker.terminate()
    port.close()
    if (current?.id === id) current = null
  }
  const finish = (report: Report): void => {
    if (answered) return
    answered = true
    end()
    page.postMessage({ of: id, report } satisfies FromFrame)
    spare = new Worker(address)
  }

  port.onmessage = ({ data }: MessageEvent<{ alive?: true; report?: Report }>) => {
    silentSince = null
    if (data.report !== undefined) finish(data.report)
  }
  worker.onerror = (event) => {
    event.preventDefault()
    finish(endOf('failed', event.message))
  }
  spare = null
  current = { id, worker, end }
  worker.postMessage({ request }, [port2])
}

function endOf(how: End['how'], message?: string): Report {
  return {
    end: { how, ...(message === undefined ? {} : { message }) },
    ...{ trace: '', terminals: [], listens: false },
  }
}
