// A poll object, like Python's select.poll: it collects which sockets of a driver are ready until poll() is called. A driver
// reports once that a socket is ready; it stays ready until a try would block. After a successful try, call again(), since there
// may be more. poll.ts is a server that uses it:
//
//   node --import tsx examples/zen/poll.ts 127.0.0.1

import { setImmediate } from 'node:timers/promises'
import { CLOSED, type DriverListener, type DriverSocket, driverNamed } from '@bluelet/net/driver'

export type Pollable = DriverListener | DriverSocket

const driver = driverNamed(process.env.BLUELET_DRIVER || 'node')

export class Poll {
  closed = false
  #events = new Map<Pollable, number>()
  #wake = (): void => {}

  /** Starts polling. Ctrl+C closes the poll. */
  constructor() {
    driver.onInterrupt?.(() => {
      this.closed = true
      this.#wake()
    })
  }

  register(socket: Pollable): void {
    socket.observer = { ready: (what) => this.again(socket, what) }
    this.again(socket) // It has not been tried yet.
  }

  again(socket: Pollable, what = 0): void {
    this.#events.set(socket, (this.#events.get(socket) ?? 0) | what)
    this.#wake()
  }

  /** Waits until a socket is ready, and gives all that are; gives none once the poll is closed. */
  async poll(): Promise<Map<Pollable, number>> {
    await setImmediate() // Let the system report events.
    const waiting = (resolve: () => void) => {
      this.#wake = resolve
    }
    while (this.#events.size === 0 && !this.closed) await new Promise<void>(waiting)
    const events = this.#events
    this.#events = new Map()
    // A failure and the end of its socket are two events, so that the error is met before the end.
    for (const [socket, what] of events) if (what > CLOSED) this.again(socket, CLOSED)
    return new Map([...events].map(([socket, what]) => [socket, what > CLOSED ? what - CLOSED : what]))
  }
}

export function listenAt(host: string, port: number): Promise<DriverListener> {
  return new Promise((resolve, reject) => {
    driver.listen({ host, port, backlog: 511 }, (error, listener) => {
      if (listener === null) reject(error)
      else resolve(listener)
    })
  })
}
