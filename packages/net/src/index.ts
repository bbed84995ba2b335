// Loads the types of Node in a project that loads none by itself (`types: []`).
/// <reference types="node" preserve="true" />

/**
 * Sockets for coroutines: TCP servers and clients written as generators.
 *
 * @packageDocumentation
 */

// Where to start reading: how `yield conn.recv(1024)` waits and resumes on the `epoll` driver, in
// the order in which the files are used:
//
// 1. `socket/connection`: `recv` makes an event whose handler is the connection's reading half.
// 2. `socket/read-half`: `enter` tries to read, and parks the task if the try would block.
// 3. `driver/protocol`: what a try is, and when the driver calls `ready`.
// 4. `drivers/epoll/socket`: `read` calls recv(2); `polled` turns the system's events into `ready`.
// 5. `drivers/epoll/set`: takes a batch of events from the native part, and calls each socket.
//
// Below that is `native/` (see its README), above it `server/server`.

import './own-files.js'

export { ClosedError, TimeoutError } from '@bluelet/scheduler'
export type { DatagramTarget, DatagramToSend, GroupOptions } from './datagram/arguments.js'
export { type UdpOptions, udp } from './datagram/udp.js'
export { UdpSocket } from './datagram/udp-socket.js'
export { Address } from './driver/address.js'
export type { ChildFile, ProcessExit, ProcessStream } from './driver/child.js'
export type { DnsRecords, DnsType } from './driver/dns.js'
export type { Endpoint, FdEndpoint, HostEndpoint, PathEndpoint } from './driver/endpoint.js'
export type { Datagram, PeerCredentials } from './driver/protocol.js'
export type { ListenerTls, TlsInfo, TlsSession } from './driver/tls.js'
export { type InheritedSocket, listenFds } from './drivers/listen-fds.js'
export type { Pem, PemFile } from './drivers/tls/pem.js'
export type {
  StartTls,
  TlsCertificate,
  TlsClient,
  TlsServer,
  TlsSettings,
} from './drivers/tls/settings.js'
export {
  BusyError,
  ConnectError,
  ConnectionResetError,
  DatagramError,
  DnsError,
  IncompleteReadError,
  LimitError,
  ListenError,
  ProcessError,
  type ProcessOutcome,
  StartError,
  TlsError,
  TruncatedError,
} from './errors.js'
export { type LookupOptions, lookup } from './names/lookup.js'
export { type ResolveOptions, resolve } from './names/resolve.js'
export { exec } from './process/exec.js'
export type {
  ExecOptions,
  ProgramOptions,
  StartOptions,
  StopOptions,
} from './process/options.js'
export { Process } from './process/process.js'
export { type PipesOf, start } from './process/start.js'
export type { CloseReason, Handler, Session, SessionSummary } from './server/handler.js'
export type { LimitOptions, OverloadPolicy, ServerOptions } from './server/options.js'
export { server } from './server/server.js'
export type { DropReason, EndReason, ServerStats, TimeoutKind } from './server/stats.js'
export { type SignalName, Signals, signals } from './signals/signals.js'
export { type ConnectOptions, connect } from './socket/connect.js'
export {
  type CloseOptions,
  Connection,
  type EndOptions,
  type GoneOptions,
  type PeekOptions,
  type ReadOptions,
  type TextOptions,
} from './socket/connection.js'
export type { Input, Output } from './socket/directions.js'
export { Listener, type ListenOptions, listen } from './socket/listener.js'
export type { TextEncoding } from './socket/read-requests.js'
export { pipe, type RelayedBytes, relay } from './socket/relay.js'
export type { ReadableLike, WritableLike } from './stream/node-streams.js'
export { read, type StreamReadOptions, write } from './stream/read-write.js'
export { type ConnectionStream, toStream } from './stream/to-stream.js'
