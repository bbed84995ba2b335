/**
 * Sockets for coroutines: TCP servers and clients written as generators.
 *
 * @packageDocumentation
 */

import './own-files.js'

export { ClosedError, TimeoutError } from '@bluelet/scheduler'
export { Address } from './driver/address.js'
export {
  BusyError,
  ConnectError,
  ConnectionResetError,
  IncompleteReadError,
  LimitError,
  ListenError,
} from './errors.js'
export type { LimitOptions, OverloadPolicy } from './server/limits.js'
export { type ServerOptions, server } from './server/server.js'
export type { Handler } from './server/session.js'
export type { DropReason, ServerStats, TimeoutKind } from './server/stats.js'
export { type ConnectOptions, connect } from './socket/connect.js'
export { Connection, type ReadOptions } from './socket/connection.js'
export { Listener, type ListenOptions, listen } from './socket/listener.js'
export { read, type StreamReadOptions, write } from './stream/read-write.js'
export type { ReadableLike } from './stream/stream-reader.js'
export type { WritableLike } from './stream/stream-writer.js'
