/**
 * The settings of a socket, as Node and the system take them.
 */

import type { SocketSettings } from '../../driver/protocol.js'

/** In milliseconds. */
const DEFAULT_KEEP_ALIVE = 60_000

/** The maximum that Linux accepts (TCP_KEEPIDLE, tcp(7)). */
const MAX_KEEP_ALIVE_SECONDS = 32_767

/** The settings as options of Node's sockets and servers. */
export function optionsOf(settings: SocketSettings): {
  noDelay: boolean
  keepAlive: boolean
  keepAliveInitialDelay: number
} {
  const seconds = keepAliveSeconds(settings)
  return {
    noDelay: settings.noDelay ?? true,
    keepAlive: seconds > 0,
    keepAliveInitialDelay: seconds * 1000,
  }
}

/** After how many seconds without traffic the system probes the peer; 0 means never. */
export function keepAliveSeconds({ keepAlive = DEFAULT_KEEP_ALIVE }: SocketSettings): number {
  return Number.isFinite(keepAlive) ? Math.min(Math.ceil(keepAlive / 1000), MAX_KEEP_ALIVE_SECONDS) : 0
}
