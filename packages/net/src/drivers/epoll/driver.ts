/**
 * The `epoll` driver: sockets of Linux by our own system calls; the system reports a whole batch of
 * ready sockets in one call. Look-ups and signals are those of the `node` driver.
 */

import type { Driver } from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { codeOf } from '../../errors.js'
import { nodeDriver } from '../node/driver.js'
import { keepAliveSeconds } from '../node/settings.js'
import { EpollListener, type HostTarget } from './listener.js'
import { loadNative } from './native.js'
import { EpollSet, errorOf } from './set.js'
import { EpollSocket } from './socket.js'

/** Every address: IPv6, which serves IPv4 as well; on machines without IPv6 the second one. */
const EVERY_ADDRESS = ['::', '0.0.0.0']

let driver: Driver | Error | undefined

/** The driver of this thread, or the reason why it is not available. */
export function epollDriver(): Driver | Error {
  try {
    driver ??= driverOf(new EpollSet(loadNative()))
  } catch (error) {
    driver = error as Error
  }
  return driver
}

function driverOf(set: EpollSet): Driver {
  return {
    ...nodeDriver,
    name: 'epoll',
    maxDescriptors: nodeDriver.maxDescriptors ?? Number.POSITIVE_INFINITY,
    connect(target, settings = {}) {
      if ('path' in target) return nodeDriver.connect(target, settings)
      const fd = set.native.connect(target.host, target.port)
      if (fd < 0) return new EpollSocket(set, fd, null, errorOf(fd, 'connect'))
      set.native.configure(fd, settings.noDelay ?? true, keepAliveSeconds(settings))
      return new EpollSocket(set, fd, null)
    },
    listen(target, done) {
      if (!('host' in target)) return nodeDriver.listen(target, done)
      let listener: EpollListener | null = null
      let withdrawn = false
      const open = (error: Error | null, addresses: readonly string[]) => {
        if (withdrawn) return
        try {
          if (error !== null) throw error
          listener = listenAt(set, addresses, target)
        } catch (failure) {
          done(listenErrorOf(failure as Error, target), null) // Made by errorOf or by the look-up.
          return
        }
        done(null, listener)
      }
      if (target.host === '') queueMicrotask(() => open(null, EVERY_ADDRESS))
      else nodeDriver.lookup(target.host, open)
      return () => {
        withdrawn = true
        listener?.close()
      }
    },
  }
}

/** Listens on the first address whose family this machine supports. */
function listenAt(set: EpollSet, addresses: readonly string[], target: HostTarget): EpollListener {
  const [address, ...others] = addresses
  if (address === undefined) throw systemError('ENOTFOUND', `getaddrinfo ${target.host}:`)
  try {
    return new EpollListener(set, address, target)
  } catch (error) {
    if (others.length === 0 || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error) ?? '')) throw error
    return listenAt(set, others, target)
  }
}
