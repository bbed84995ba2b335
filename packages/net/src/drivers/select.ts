/**
 * Which driver serves.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import { driverNamed, realDriver } from '#drivers'
import type { Driver, DriverName, NetworkHost } from '../driver/protocol.js'

/** The one that was chosen; else the network of the host, if it brings one; else the real one. */
export function driverOf(host: Host & Partial<NetworkHost>, chosen: Driver | DriverName | undefined): Driver {
  if (typeof chosen === 'string') return driverNamed(chosen)
  return chosen ?? host.driver ?? realDriver()
}
