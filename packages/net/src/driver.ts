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
export type { DnsAnswer, DnsQuery, DnsRecords, DnsType } from './driver/dns.js'
export type { ConnectTarget, Endpoint, FdEndpoint, HostEndpoint, PathEndpoint } from './driver/endpoint.js'
export {
  CLOSED,
  type Datagram,
  type DatagramOption,
  type DatagramSettings,
  type Driver,
  type DriverDatagrams,
  type DriverListener,
  type DriverName,
  type DriverSocket,
  FAILED,
  type GroupMembership,
  LINGERING,
  type ListenSettings,
  type ListenTarget,
  type NetworkHost,
  type Observer,
  type OutgoingDatagram,
  type PeerCredentials,
  READABLE,
  type SocketSettings,
  WRITABLE,
} from './driver/protocol.js'
export type { TlsInfo, TlsState } from './driver/tls.js'
