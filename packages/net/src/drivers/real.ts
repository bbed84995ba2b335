/**
 * The drivers of the real network, by name, and the default among them.
 */

import type { Cluster } from 'node:cluster'
import type { Driver } from '../driver/protocol.js'
import { environmentVariable } from './environment.js'
import { epollDriver } from './epoll/driver.js'
import { nodeDriver } from './node/driver.js'

export { startChild } from './node/child.js'
export { signalSource } from './node/signal-source.js'
export { nodeDriver }

/** The environment variable that chooses a driver for the whole process. */
const VARIABLE = 'BLUELET_DRIVER'

let chosen: Driver | undefined

/**
 * The driver with a name.
 *
 * @throws Error if the name is unknown, or the driver is not available here
 */
export function driverNamed(name: string): Driver {
  if (name === 'node') return nodeDriver
  if (name !== 'epoll') throw new Error(`there is no driver '${name}'; expected 'epoll' or 'node'`)
  const driver = epollDriver()
  if (driver instanceof Error) throw new Error(`the driver 'epoll' is not available here: ${driver.message}`)
  return driver
}

/** The driver that the environment chooses; by default the fastest one that is available here. */
export function realDriver(): Driver {
  chosen ??= choose(environmentVariable(VARIABLE) ?? '')
  return chosen
}

function choose(name: string): Driver {
  if (name === '') {
    // The workers of a cluster share the sockets of their primary, which only `node:net` can do.
    if (isClusterWorker()) return nodeDriver
    const fastest = epollDriver()
    return fastest instanceof Error ? nodeDriver : fastest
  }
  try {
    return driverNamed(name)
  } catch (error) {
    throw new Error(`${VARIABLE}: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Only a forked process can be one, and `node:cluster` costs a millisecond of the start of every
 * other.
 */
function isClusterWorker(): boolean {
  if (process.send === undefined) return false
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster // The types are those of an import.
  return cluster.isWorker
}
