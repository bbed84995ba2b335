/**
 * The monitor: observes the schedulers of this thread, and answers questions about them that come
 * from a thread of its own, where its socket is (serve.ts).
 */

import { lstatSync, unlinkSync } from 'node:fs'
import { isMainThread, Worker } from 'node:worker_threads'
import type { Scheduler } from '@bluelet/scheduler'
import { onRun } from '@bluelet/scheduler/lowlevel'
import { checkFlag, shown } from '../check.js'
import { endpointOf, type HostEndpoint, isAbstract, type PathEndpoint } from '../driver/endpoint.js'
import { coroutinePairs } from './answers.js'
import { answer } from './commands.js'
import {
  type Beginning,
  LIVE,
  type Reachable,
  type SocketFileId,
  type ToMonitor,
  type ToMonitored,
} from './messages.js'
import { Tracing } from './tracing.js'
import { Watches } from './watches.js'

/** Options of {@link monitor}. */
export interface MonitorOptions {
  /**
   * The path of a Unix socket, for `nc -U`: at most 107 bytes in UTF-8. Its file has the mode
   * `0o600`, and replaces that of a program that has ended.
   */
  readonly path?: string
  /**
   * In place of a path: the port on 127.0.0.1, 0 to 65535, at which a browser gets the viewer of
   * traces, which follows the program. 0 is any free port. The address, which contains a secret
   * token, is printed on standard error.
   */
  readonly port?: number
  /**
   * Whether clients can also change and read more than the names of things: cancel tasks, and see
   * the local variables of coroutines, which may hold secrets. Default: false.
   */
  readonly control?: boolean
  /** Schedulers that have begun to run already. Those that begin a run later are found. */
  readonly schedulers?: Iterable<Scheduler>
}

/** A monitor at work. */
export interface Monitor {
  /**
   * Resolves once the monitor listens, with where: `unix:/run/app/monitor.sock`, or the address for
   * a browser. Rejects if it cannot; the program goes on without a monitor, and a warning says why.
   * Reading it keeps the process alive until then.
   */
  readonly listening: Promise<string>
  /** Ends the monitor, its clients and its thread, and removes the socket's file. */
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Nothing else listens for a browser: a token is no protection on a network. */
const LOOPBACK = '127.0.0.1'

/** What a browser gets at a time: the latest events of half a second. */
const LIVE_TIME = '500ms'
const MAX_LIVE_EVENTS = 2000

/** A close that takes longer, in milliseconds, is enforced. */
const MAX_CLOSE = 2000

/** The code of the thread, beside this file in the built package; the sources use it, too. */
const WORKER: URL = new URL(
  import.meta.url.endsWith('/src/monitor/monitor.ts')
    ? '../../dist/monitor/worker.js'
    : './monitor/worker.js',
  import.meta.url,
)

/**
 * Lets programs of the same user look into this process: `nc -U /run/app/monitor.sock`, then
 * `help`. It does not keep the process alive, and changes nothing that the program does.
 *
 * @example
 * monitor({ path: '/run/app/monitor.sock' })
 * await run(server('', 4915, echoer))
 *
 * @throws TypeError, RangeError if an option is invalid
 */
export function monitor(options: MonitorOptions): Monitor {
  const { control = false, schedulers = [] } = options
  checkFlag(control, 'monitor: control')
  return new Watcher(targetOf(options), control, schedulers)
}

function targetOf({ path, port }: MonitorOptions): PathEndpoint | HostEndpoint {
  if ((path === undefined) === (port === undefined)) {
    throw new TypeError(
      `monitor(options): expected either a path or a port, got ${path === undefined ? 'neither' : 'both'}`,
    )
  }
  if (path === undefined) return endpointOf('monitor', [LOOPBACK, port]).endpoint as HostEndpoint // It has a port.
  if (typeof path !== 'string')
    throw new TypeError(`monitor({ path }): expected a path as a string, got ${shown(path)}`)
  const { endpoint } = endpointOf('monitor', [{ path }])
  if (isAbstract(path)) {
    throw new RangeError(
      `monitor({ path }): every user could connect to an abstract name, got ${shown(path)}; give the path of a file`,
    )
  }
  return endpoint as PathEndpoint // It has a path.
}

/** The number of monitors that have begun. */
let monitors = 0

class Watcher implements Monitor {
  readonly #listening: Promise<string>
  #settled = false
  readonly #watches = new Watches()
  readonly #tracing = new Tracing(this.#watches)
  readonly #unlisten: () => void
  readonly #worker: Worker
  readonly #ended: Promise<void>
  readonly #control: boolean
  /** A hidden property of the global object, by which the inspector reaches the tasks. */
  readonly #key = Symbol.for(`bluelet monitor ${++monitors}`)
  #file: SocketFileId | null = null
  readonly #exiting = (): void => this.#removeFile()

  constructor(target: PathEndpoint | HostEndpoint, control: boolean, schedulers: Iterable<Scheduler>) {
    this.#control = control
    for (const scheduler of schedulers) this.#watches.add(scheduler)
    this.#unlisten = onRun((scheduler) => this.#watches.add(scheduler))
    const { counters } = this.#watches
    const origin = performance.timeOrigin
    const workerData: Beginning = { target, control, counters, origin, reachable: this.#reachable() }
    // Nothing of this process: neither its loaders nor what NODE_OPTIONS imports.
    this.#worker = new Worker(WORKER, { workerData, execArgv: [], argv: [], env: {} })
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.#listening = new Promise<string>((resolve, reject) => {
      this.#worker.on('message', (message: ToMonitored) => {
        if (message.kind === 'listening') {
          this.#file = message.file
          process.once('exit', this.#exiting)
          if ('port' in target) process.stderr.write(`monitor: ${message.address}\n`)
          resolve(message.address)
        } else if (message.kind === 'failed') this.#fail(message.error, reject)
        else this.#answer(message.id, message.command)
      })
      this.#worker.on('error', (error) => this.#fail(error, reject))
    })
    this.#worker.unref() // After the listener, which would hold the process.
    const settled = (): void => {
      this.#settled = true
      this.#worker.unref()
    }
    this.#listening.then(settled, settled) // An error has been reported.
  }

  get listening(): Promise<string> {
    // A program that waits for it must not end before.
    if (!this.#settled) this.#worker.ref()
    return this.#listening
  }

  async close(): Promise<void> {
    this.#stopWatching()
    const timer = setTimeout(() => void this.#worker.terminate(), MAX_CLOSE)
    this.#post({ kind: 'close' })
    await this.#ended
    clearTimeout(timer)
    this.#removeFile()
    process.off('exit', this.#exiting)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #answer(id: number, command: string): void {
    const send = (text: string, more: boolean): void => this.#post({ kind: 'answer', id, text, more })
    if (command === LIVE) this.#tracing.start(LIVE_TIME, send, MAX_LIVE_EVENTS)
    else if (/^trace( |$)/.test(command)) this.#tracing.start(command.slice('trace'.length).trim(), send)
    else send(answer(this.#watches, command, this.#control), false)
  }

  #post(message: ToMonitor): void {
    this.#worker.postMessage(message)
  }

  /** Lets the inspector reach the tasks. @returns the expression; null outside the main thread */
  #reachable(): string | null {
    const watches = this.#watches
    const reachable: Reachable = {
      answer: (command) => answer(watches, command, false),
      coroutinePairs: (argument) => coroutinePairs(watches, argument),
    }
    Object.defineProperty(globalThis, this.#key, { value: reachable, configurable: true })
    return isMainThread ? `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(this.#key))})]` : null
  }

  #stopWatching(): void {
    Reflect.deleteProperty(globalThis, this.#key)
    this.#unlisten()
    this.#tracing.close()
    this.#watches.close()
  }

  #fail(error: Error, reject: (error: Error) => void): void {
    this.#stopWatching()
    reject(error)
    process.emitWarning(`the monitor does not work: ${error.message}`)
  }

  /** Removes the file that a thread that was stopped has left. */
  #removeFile(): void {
    const file = this.#file
    this.#file = null
    if (file === null) return
    try {
      const { dev, ino } = lstatSync(file.path)
      if (dev === file.dev && ino === file.ino) unlinkSync(file.path)
    } catch {
      // It is gone.
    }
  }
}
