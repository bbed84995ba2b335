/**
 * The `epoll` driver: sockets of Linux by our own system calls; the system reports a whole batch of
 * ready sockets in one call. Look-ups, datagrams and signals are those of the `node` driver.
 */

import type { Driver, ListenTarget } from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { codeOf } from '../../errors.js'
import { nodeDriver } from '../node/driver.js'
import { keepAliveSeconds } from '../node/settings.js'
import { claimPath } from '../socket-file.js'
import { adopt, type EpollListener, type HostTarget, listenAtHost, listenAtPath } from './listener.js'
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
      if ('path' in target) return EpollSocket.toPath(set, target.path)
      const fd = set.native.connect(target.host, target.port)
      if (fd < 0) return new EpollSocket(set, fd, null, errorOf(fd, 'connect'))
      set.native.configure(fd, settings.noDelay ?? true, keepAliveSeconds(settings))
      return new EpollSocket(set, fd, null)
    },
    listen(target, done) {
      let listener: EpollListener | null = null
      let withdrawn = false
      whenReady(set, target, (error, open) => {
        if (withdrawn) return
        try {
          if (error !== null) throw error
          listener = open()
        } catch (failure) {
          done(listenErrorOf(failure as Error, target), null) // Made by errorOf, by node:fs or by the look-up.
          return
        }
        done(null, listener)
      })
      return () => {
        withdrawn = true
        listener?.close()
      }
    },
  }
}

/**
 * Calls back, later, with a function that opens the listener, or with an error: of the look-up of a
 * host, or because the path is taken.
 */
function whenReady(
  set: EpollSet,
  target: ListenTarget,
  done: (error: Error | null, open: () => EpollListener) => void,
): void {
  if ('fd' in target) queueMicrotask(() => done(null, () => adopt(set, target)))
  else if ('path' in target) {
    claimPath(target, (error, file) => done(error, () => listenAtPath(set, file, target)))
  } else if (target.host === '')
    queueMicrotask(() => done(null, () => listenAtFirst(set, EVERY_ADDRESS, target)))
  else nodeDriver.lookup(target.host, (error, found) => done(error, () => listenAtFirst(set, found, target)))
}

/** Listens on the first address whose family this machine supports. */
function listenAtFirst(set: EpollSet, addresses: readonly string[], target: HostTarget): EpollListener {
  const [address, ...others] = addresses
  if (address === undefined) throw systemError('ENOTFOUND', `getaddrinfo ${target.host}:`)
  try {
    return listenAtHost(set, address, target)
  } catch (error) {
    if (others.length === 0 || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error) ?? '')) throw error
    return listenAtFirst(set, others, target)
  }
}
