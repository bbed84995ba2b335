// Loads the types of Node in a project that loads none by itself (`types: []`).
/// <reference types="node" preserve="true" />

/**
 * For authors of drivers, and for programs that choose one: the interface of the non-blocking
 * socket layer, and the drivers of the real network.
 *
 * @packageDocumentation
 */

import './own-files.js'

export { driverNamed, nodeDriver } from '#drivers'
export {
  CLOSED,
  type Driver,
  type DriverListener,
  type DriverName,
  type DriverSocket,
  FAILED,
  LINGERING,
  type ListenTarget,
  type NetworkHost,
  type Observer,
  READABLE,
  type SocketSettings,
  WRITABLE,
} from './driver/protocol.js'
