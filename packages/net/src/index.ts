/**
 * Sockets for coroutines: TCP servers and clients written as generators.
 *
 * @packageDocumentation
 */

export { ClosedError, TimeoutError } from '@bluelet/scheduler'
export { driverNamed, nodeDriver } from '#drivers'
export { Address } from './address.js'
export { type ConnectOptions, connect } from './connect.js'
export { Connection, type ReadOptions } from './connection.js'
export type { Handler } from './conversation.js'
export type { Dropped, Missed, ServerCounts } from './counts.js'
export {
  CLOSED,
  type Driver,
  type DriverListener,
  type DriverName,
  type DriverSocket,
  FAILED,
  type ListenTarget,
  type NetworkHost,
  type Observer,
  READABLE,
  type SocketSettings,
  WRITABLE,
} from './driver.js'
export {
  BusyError,
  ConnectError,
  ConnectionResetError,
  IncompleteReadError,
  LimitError,
  ListenError,
} from './errors.js'
export type { LimitOptions, Overload } from './limits.js'
export { Listener, type ListenOptions, listen } from './listener.js'
export { type ServerOptions, server } from './server.js'
export type { ReadableLike } from './stream-reader.js'
export type { WritableLike } from './stream-writer.js'
export { read, type StreamReadOptions, write } from './streams.js'
