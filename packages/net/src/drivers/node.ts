/**
 * The `node` driver: sockets over `node:net`, by its public interface only. It works wherever Node does.
 */

import { lookup } from 'node:dns'
import net from 'node:net'
import type { Driver } from '../driver.js'
import { NodeListener } from './node-listener.js'
import { heardConnect, KEEP_ALIVE_MS, NodeSocket } from './node-socket.js'

/** Sockets over `node:net`. */
export const nodeDriver: Driver = {
  name: 'node',
  lookup(host, done) {
    if (net.isIP(host) !== 0) {
      queueMicrotask(() => done(null, [host]))
      return
    }
    try {
      lookup(host, { all: true, verbatim: true }, (error, addresses) => {
        done(
          error,
          (addresses ?? []).map(({ address }) => address),
        )
      })
    } catch (error) {
      // Newer versions of Node throw for a name that can be none.
      queueMicrotask(() => done(error as Error, []))
    }
  },
  connect(address, port) {
    const socket = new net.Socket({ allowHalfOpen: true })
    socket.pause()
    const made = new NodeSocket(socket)
    socket.on('connect', heardConnect)
    socket.connect({
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    return made
  },
  listen(target, done) {
    const listener = new NodeListener(target, done)
    return () => listener.close()
  },
}
