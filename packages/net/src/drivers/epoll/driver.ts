/**
 * The `epoll` driver: sockets of Linux by our own system calls; the system reports a whole batch of
 * ready sockets in one call. Look-ups and signals are those of the `node` driver.
 */

import type { Driver, ListenTarget } from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { codeOf } from '../../errors.js'
import { nodeDriver } from '../node/driver.js'
import { keepAliveSeconds } from '../node/settings.js'
import { claimPath } from '../socket-file.js'
import { DatagramBatch } from './datagram-batch.js'
import { type EpollDatagrams, openDatagrams } from './datagrams.js'
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
  const batch = new DatagramBatch(set.native)
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
      return opening(
        (ready: Ready<EpollListener>) => whenReady(set, target, ready),
        // Made by errorOf, by node:fs or by the look-up.
        (error, listener) => done(error === null ? null : listenErrorOf(error, target), listener),
      )
    },
    udp(target, done) {
      const addresses = target.host === '' ? EVERY_ADDRESS : [target.host]
      const open = () => firstOf(addresses, (address) => openDatagrams(set, batch, address, target))
      return opening((ready: Ready<EpollDatagrams>) => queueMicrotask(() => ready(null, open)), done)
    },
  }
}

/** What opens a socket, or an error. */
type Ready<T> = (error: Error | null, open: () => T) => void

/** Opens a socket as soon as that is possible. @returns withdraws that, or closes the socket */
function opening<T extends { close(): void }>(
  begin: (ready: Ready<T>) => void,
  done: (error: Error | null, socket: T | null) => void,
): () => void {
  let socket: T | null = null
  let withdrawn = false
  begin((error, open) => {
    if (withdrawn) return
    try {
      if (error !== null) throw error
      socket = open()
    } catch (failure) {
      done(failure as Error, null) // An error of the system.
      return
    }
    done(null, socket)
  })
  return () => {
    withdrawn = true
    socket?.close()
  }
}

/**
 * Calls back, later, with a function that opens the listener, or with an error: of the look-up of a
 * host, or because the path is taken.
 */
function whenReady(set: EpollSet, target: ListenTarget, done: Ready<EpollListener>): void {
  if ('fd' in target) queueMicrotask(() => done(null, () => adopt(set, target)))
  else if ('path' in target) {
    claimPath(target, (error, file) => done(error, () => listenAtPath(set, file, target)))
  } else if (target.host === '')
    queueMicrotask(() => done(null, () => listenAtFirst(set, EVERY_ADDRESS, target)))
  else nodeDriver.lookup(target.host, (error, found) => done(error, () => listenAtFirst(set, found, target)))
}

/** Listens on the first address whose family this machine supports. */
function listenAtFirst(set: EpollSet, addresses: readonly string[], target: HostTarget): EpollListener {
  if (addresses.length === 0) throw systemError('ENOTFOUND', `getaddrinfo ${target.host}:`)
  return firstOf(addresses, (address) => listenAtHost(set, address, target))
}

/** Opens a socket at the first address whose family this machine supports. */
function firstOf<T>([address = '', ...others]: readonly string[], open: (address: string) => T): T {
  try {
    return open(address)
  } catch (error) {
    if (others.length === 0 || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error) ?? '')) throw error
    return firstOf(others, open)
  }
}
