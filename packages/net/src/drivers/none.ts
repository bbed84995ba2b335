/**
 * Replaces the real drivers, and processes, outside of Node, as in a browser: every operation
 * fails, with the reason.
 */

import type { Child, ChildObserver, ChildTarget } from '../driver/child.js'
import type { Driver, DriverSocket } from '../driver/protocol.js'
import type { SignalSource } from '../driver/signal-source.js'

/** A driver without sockets. */
export const nodeDriver: Driver = {
  name: 'none',
  lookup(_host, done) {
    queueMicrotask(() => done(noSockets(), []))
  },
  resolve(_query, done) {
    queueMicrotask(() => done(noSockets(), []))
    return () => {}
  },
  connect(): DriverSocket {
    throw noSockets()
  },
  listen(_target, done) {
    queueMicrotask(() => done(noSockets(), null))
    return () => {}
  },
  udp(_target, done) {
    queueMicrotask(() => done(noSockets(), null))
    return () => {}
  },
}

/** No driver is available here. @throws Error always */
export function driverNamed(name: string): Driver {
  throw new Error(`the driver '${name}' is not available here: ${noSockets().message}`)
}

/** The driver whose operations state the reason. */
export function realDriver(): Driver {
  return nodeDriver
}

/** There are no signals here. */
export const signalSource: SignalSource = {
  assertAvailable() {
    throw new Error('signals: there are no signals here; a process of Node receives them')
  },
  refusal: () => undefined,
  listen: () => () => {},
  hold: () => () => {},
}

/** There are no processes here. @throws Error always */
export function startChild(_target: ChildTarget, _observer: ChildObserver): Child {
  throw new Error('there are no processes here: programs can be run on Node only')
}

function noSockets(): Error {
  return new Error(
    'there are no sockets here; give the run a network of its own, such as { host: new Simulation() } of @bluelet/net/testing',
  )
}
