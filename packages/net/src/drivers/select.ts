/**
 * Chooses the driver of a `connect` or a `listen`. Which driver is available is decided in `real`.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import { driverNamed, realDriver } from '#drivers'
import type { Driver, DriverName, NetworkHost } from '../driver/protocol.js'

/** The chosen driver; else that of the host, if it has a network of its own; else the real one. */
export function driverOf(host: Host & Partial<NetworkHost>, chosen: Driver | DriverName | undefined): Driver {
  if (typeof chosen === 'string') return driverNamed(chosen)
  return chosen ?? host.driver ?? realDriver()
}
