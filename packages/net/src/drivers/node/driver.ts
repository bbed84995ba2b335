/**
 * The `node` driver: sockets over the public interface of `node:net`. It works wherever Node does,
 * and on Bun and Deno.
 */

import net from 'node:net'
import { hasNul, UNNAMED } from '../../driver/address.js'
import { addressOf } from '../../driver/endpoint.js'
import type { Driver } from '../../driver/protocol.js'
import { systemError } from '../../driver/system-errors.js'
import { systemPath } from '../socket-file.js'
import { openDatagrams } from './datagrams.js'
import { descriptorLimit } from './limits.js'
import { NodeListener } from './listener.js'
import { resolve } from './resolve.js'
import { optionsOf } from './settings.js'
import { onInterrupt } from './signals.js'
import { NodeSocket, onConnect } from './socket.js'
import { refusalOf } from './versions.js'

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
  resolve,
  connect(target, settings = {}) {
    // Set here, since connect() ignores these options.
    const socket = new net.Socket({ allowHalfOpen: true, ...optionsOf(settings) })
    socket.pause()
    const isPath = 'path' in target
    const made = new NodeSocket(socket, isPath ? { local: UNNAMED, remote: addressOf(target) } : null)
    socket.on('connect', onConnect)
    const refusal = isPath ? refusalOf(target.path) : undefined
    if (refusal !== undefined) socket.destroy(systemError(refusal, 'connect'))
    else socket.connect(isPath ? { path: systemPath(target.path) } : { host: target.host, port: target.port })
    return made
  },
  listen(target, done) {
    const listener = new NodeListener(target, done)
    return () => listener.close()
  },
  udp: openDatagrams,
  onInterrupt,
}
