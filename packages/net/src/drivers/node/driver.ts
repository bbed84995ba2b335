/**
 * The `node` driver: sockets over the public interface of `node:net`. It works wherever Node does,
 * and on Bun and Deno.
 */

import net from 'node:net'
import { hasNul } from '../../driver/address.js'
import type { Driver } from '../../driver/protocol.js'
import { systemError } from '../../driver/system-errors.js'
import { descriptorLimit } from './limits.js'
import { NodeListener } from './listener.js'
import { onInterrupt } from './signals.js'
import { NodeSocket, onConnect, optionsOf } from './socket.js'

/** Sockets over `node:net`. */
export const nodeDriver: Driver = {
  name: 'node',
  get maxDescriptors() {
    return descriptorLimit()
  },
  lookup(host, done) {
    if (hasNul(host)) {
      queueMicrotask(() => done(systemError('ENOTFOUND', 'getaddrinfo'), []))
      return
    }
    if (net.isIP(host) !== 0) {
      queueMicrotask(() => done(null, [host]))
      return
    }
    try {
      // Not imported above: it costs a millisecond of every start.
      process.getBuiltinModule('node:dns').lookup(host, { all: true, verbatim: true }, (error, addresses) => {
        done(
          error,
          (addresses ?? []).map(({ address }) => address),
        )
      })
    } catch (error) {
      // Newer versions of Node throw if the name is invalid.
      queueMicrotask(() => done(error as Error, []))
    }
  },
  connect(address, port, settings = {}) {
    // Set here, since connect() ignores these options.
    const socket = new net.Socket({ allowHalfOpen: true, ...optionsOf(settings) })
    socket.pause()
    const made = new NodeSocket(socket)
    socket.on('connect', onConnect)
    socket.connect({ host: address, port })
    return made
  },
  listen(target, done) {
    const listener = new NodeListener(target, done)
    return () => listener.close()
  },
  onInterrupt,
}
