/**
 * The `epoll` driver: sockets of Linux by system calls of our own, and a whole batch of ready ones in one call.
 */

import type { Driver, ListenTarget } from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { codeOf } from '../../errors.js'
import { nodeDriver } from '../node/driver.js'
import { keepAliveSeconds } from '../node/socket.js'
import { EpollListener } from './listener.js'
import { loadNative } from './native.js'
import { EpollSet, errorOf } from './set.js'
import { EpollSocket } from './socket.js'

/** Every address: by IPv6, which serves IPv4 as well; or without it, where there is none. */
const EVERY = ['::', '0.0.0.0']

let driver: Driver | Error | undefined

/** The driver of this thread, or why there is none here. */
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
    connect(address, port, settings = {}) {
      const fd = set.native.connect(address, port)
      if (fd < 0) return new EpollSocket(set, fd, null, errorOf(fd, 'connect'))
      set.native.configure(fd, settings.noDelay ?? true, keepAliveSeconds(settings))
      return new EpollSocket(set, fd, null)
    },
    listen(target, done) {
      let listener: EpollListener | null = null
      let givenUp = false
      const open = (error: Error | null, addresses: readonly string[]) => {
        if (givenUp) return
        try {
          if (error !== null) throw error
          listener = listenAt(set, addresses, target)
        } catch (failure) {
          done(listenErrorOf(failure as Error, target), null) // errorOf or the look-up has made it.
          return
        }
        done(null, listener)
      }
      if (target.host === '') queueMicrotask(() => open(null, EVERY))
      else nodeDriver.lookup(target.host, open)
      return () => {
        givenUp = true
        listener?.close()
      }
    },
  }
}

/** Listens on the first address; where that is of a family that this machine has not, on the next. */
function listenAt(set: EpollSet, addresses: readonly string[], target: ListenTarget): EpollListener {
  const [address, ...others] = addresses
  if (address === undefined) throw systemError('ENOTFOUND', `getaddrinfo ${target.host}:`)
  try {
    return new EpollListener(set, address, target)
  } catch (error) {
    if (others.length === 0 || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error))) throw error
    return listenAt(set, others, target)
  }
}
