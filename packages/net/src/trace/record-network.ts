/**
 * Recording a network: which bytes a task was woken by, and where in the program these were sent.
 */

import type { RecordedNetwork } from '@bluelet/scheduler/trace'
import { shown } from '../check.js'
import type { NetworkHost } from '../driver/protocol.js'
import { like } from './like.js'
import { recordedDriver } from './recorded-driver.js'
import { Recorder } from './recorder.js'

/**
 * A host whose network can be recorded.
 *
 * @typeParam H the type of the host
 */
export interface RecordedHost<H extends NetworkHost> {
  /** The host for the scheduler. */
  readonly host: H
  /** Its network, for `record`. */
  readonly network: RecordedNetwork
}

/**
 * A host like the given one, whose network can be recorded: which reads were caused by which
 * writes.
 *
 * What runs on that host takes the same steps, whether or not it is recorded. What comes from
 * another process, or from sockets of this one that are not recorded, comes from outside: its cause
 * is null. So does what comes over a Unix socket, except on a simulated network. Of a TLS
 * connection the records of TLS are recorded. A connection for which the program chooses another
 * driver is not recorded.
 *
 * @example
 * const { host, network } = recordNetwork(new Simulation())
 * const scheduler = new Scheduler({ host })
 * const recording = record(scheduler, { network })
 * await scheduler.run(main)
 * console.log(stringify(recording.stop()))
 *
 * @typeParam H the type of the host
 * @param host a host with a driver: a `Simulation`, or
 *   `{ ...defaultHost, driver: driverNamed('node') }`
 * @returns the host for the scheduler, and the network for `record`
 * @throws TypeError if it is no host, or has no driver
 */
export function recordNetwork<H extends NetworkHost>(host: H): RecordedHost<H> {
  if (typeof host?.now !== 'function') {
    throw new TypeError(`recordNetwork(host): expected a host, got ${shown(host)}`)
  }
  const { driver } = host
  if (typeof driver?.connect !== 'function') {
    throw new TypeError(
      `recordNetwork(host): expected a host with a driver, such as { ...defaultHost, driver: driverNamed('node') }, got ${shown(driver)} as its driver`,
    )
  }
  const network = new Recorder(driver)
  return { host: like(host, { driver: recordedDriver(driver, network) } as Partial<H>), network } // A host of any class has a driver.
}
