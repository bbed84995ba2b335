/**
 * Runs programs in a frame that can do nothing else: no network, no storage, no access to the page.
 */

import type { FromFrame, ToFrame } from './frame.js'
import { type Report, type Request, reportIn } from './protocol.js'

/** The scripts, which the build puts here. */
declare const FRAME_SCRIPT: string
declare const WORKER_SCRIPT: string

/** What the frame may load: its own script, and what it makes itself. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:"

/** A frame that runs one program at a time. */
export class Sandbox {
  readonly element: HTMLIFrameElement = document.createElement('iframe')
  readonly #port: Promise<MessagePort>
  #runs = 0
  #waiting: { readonly id: number; readonly resolve: (report: Report | null) => void } | null = null

  constructor() {
    const { element } = this
    element.setAttribute('sandbox', 'allow-scripts')
    element.setAttribute('aria-hidden', 'true')
    element.title = 'The sandbox in which programs run'
    element.tabIndex = -1
    element.style.cssText = 'position:absolute;width:0;height:0;border:0;visibility:hidden'
    // A script ends at its end tag, wherever that is.
    const script = FRAME_SCRIPT.replaceAll('</', '<\\/')
    element.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}"><script>${script}</script>`
    this.#port = new Promise((resolve) => {
      element.addEventListener('load', () => resolve(this.#connect()), { once: true })
    })
    document.body.append(element)
  }

  /** Waits until the first worker loads its script, which takes no time of the page. */
  async begun(): Promise<void> {
    await this.#port
    await new Promise((resolve) => setTimeout(resolve))
  }

  /** Runs a program. The one before is ended; its result is null. */
  async run(request: Request): Promise<Report | null> {
    const id = ++this.#runs
    this.#waiting?.resolve(null)
    const result = new Promise<Report | null>((resolve) => {
      this.#waiting = { id, resolve }
    })
    const port = await this.#port
    if (this.#runs === id) port.postMessage({ start: id, request } satisfies ToFrame)
    return await result
  }

  /** Ends what runs; its result is null. */
  async stop(): Promise<void> {
    this.#waiting?.resolve(null)
    this.#waiting = null
    const port = await this.#port
    port.postMessage({ stop: this.#runs } satisfies ToFrame)
  }

  #connect(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }: MessageEvent<Partial<FromFrame>>) => {
      if (this.#waiting === null || data?.of !== this.#waiting.id) return
      const { resolve } = this.#waiting
      this.#waiting = null
      resolve(reportIn(data.report) ?? DAMAGED)
    }
    // A frame without an origin has none that could be named.
    this.element.contentWindow?.postMessage({ worker: WORKER_SCRIPT }, '*', [port2])
    return port1
  }
}

const DAMAGED: Report = {
  end: { how: 'failed', message: 'the program has sent something that is no report' },
  ...{ trace: '', terminals: [], listens: false },
}
