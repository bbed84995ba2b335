// A poll object, in the manner of Python's select.poll: it gathers what the sockets of a driver say until somebody asks. They say
// once what is worth a try, and it stays so until a try is in vain; after one that is not, again() says that there may be more.
// poll.ts is a server on it:
//
//   node --import tsx examples/zen/poll.ts 127.0.0.1

import { setImmediate } from 'node:timers/promises'
import { type DriverListener, type DriverSocket, driverNamed } from '@bluelet/net/driver'

export type Pollable = DriverListener | DriverSocket

const driver = driverNamed(process.env.BLUELET_DRIVER || 'node')

export class Poll {
  closed = false
  #events = new Map<Pollable, number>()
  #wake = (): void => {}

  /** Polls from now on. Ctrl+C closes the poll. */
  constructor() {
    driver.onInterrupt?.(() => {
      this.closed = true
      this.#wake()
    })
  }

  register(socket: Pollable): void {
    socket.observer = { ready: (what) => this.again(socket, what) }
    this.again(socket) // Nobody has tried yet.
  }

  again(socket: Pollable, what = 0): void {
    this.#events.set(socket, (this.#events.get(socket) ?? 0) | what)
    this.#wake()
  }

  /** Waits until something is worth a try, and gives all that is; nothing once the poll is closed. */
  async poll(): Promise<Map<Pollable, number>> {
    await setImmediate() // The system has its turn.
    const waiting = (resolve: () => void) => {
      this.#wake = resolve
    }
    while (this.#events.size === 0 && !this.closed) await new Promise<void>(waiting)
    const events = this.#events
    this.#events = new Map()
    return events
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
