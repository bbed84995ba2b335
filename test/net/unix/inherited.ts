// Listening sockets that belong to no library of this process, where the native part is built.
import type { Native } from '../../../packages/net/src/drivers/epoll/native.js'
import { BINARY } from '../native/binary.js'
import { LOOPBACK } from '../world.js'

/** An instance of the native part that nothing else uses: its sockets belong to no library here. */
export function native(): Native {
  if (instance === undefined) {
    const addon = { exports: {} }
    process.dlopen(addon, BINARY)
    instance = addon.exports as Native // What addon.cc exports.
  }
  return instance
}

let instance: Native | undefined

/** A listening socket, as if it had been inherited: on a port of this machine, or at a path. */
export function inherited(path?: string): number {
  return path === undefined
    ? native().listen(LOOPBACK, 0, 16, false, false, true, 0)
    : native().listenPath(path, 16)
}

/** The port of a listening socket. */
export function portOf(fd: number): number {
  return Number(native().address(fd, false).split(' ')[1])
}
