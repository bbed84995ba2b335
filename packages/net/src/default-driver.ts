/**
 * Which driver serves where none was chosen.
 */

import type { Host } from '@bluelet/scheduler'
import { nodeDriver } from '#node-driver'
import type { Driver, NetworkHost } from './driver.js'

/** The network of the host, if it brings one; else the real one. */
export function driverOf(host: Host & Partial<NetworkHost>): Driver {
  return host.driver ?? nodeDriver
}
