/**
 * What takes the place of the real drivers where there is no Node, as in a browser: every operation fails, and says why.
 */

import type { Driver, DriverSocket } from '../driver/protocol.js'

/** No sockets: every operation fails. */
export const nodeDriver: Driver = {
  name: 'none',
  lookup(_host, done) {
    queueMicrotask(() => done(noSockets(), []))
  },
  connect(): DriverSocket {
    throw noSockets()
  },
  listen(_target, done) {
    queueMicrotask(() => done(noSockets(), null))
    return () => {}
  },
}

/** There is none by any name. */
export function driverNamed(name: string): Driver {
  throw new Error(`the driver '${name}' is not to be had here: ${noSockets().message}`)
}

/** The one that says why there is none. */
export function realDriver(): Driver {
  return nodeDriver
}

function noSockets(): Error {
  return new Error(
    'there are no sockets here: give the run a network of its own, such as { host: new Simulation() } of @bluelet/net/testing',
  )
}
