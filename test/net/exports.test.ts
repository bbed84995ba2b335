// Every name that users can import from the entries of @bluelet/net. A change here changes the
// public interface.
import * as net from '@bluelet/net'
import * as driver from '@bluelet/net/driver'
import * as monitor from '@bluelet/net/monitor'
import * as testing from '@bluelet/net/testing'
import * as trace from '@bluelet/net/trace'
import { expect, it } from 'vitest'
import { declaredIn } from '../support/declarations.js'

/** The values of an entry, followed by the types in its declarations. */
function namesOf(module: object, entry: string): readonly string[] {
  const declared = declaredNames(entry)
  const types = declared.filter((name) => !(name in module)).map((name) => `type ${name}`)
  return [...Object.keys(module).sort(), ...types]
}

/** The names in the published declarations. */
function declaredNames(entry: string): string[] {
  return declaredIn('net', entry).map(({ name }) => name)
}

it('@bluelet/net exports these values and types', () => {
  expect(namesOf(net, 'index')).toMatchInlineSnapshot(`
    [
      "Address",
      "BusyError",
      "ClosedError",
      "ConnectError",
      "Connection",
      "ConnectionResetError",
      "DatagramError",
      "DnsError",
      "IncompleteReadError",
      "LimitError",
      "ListenError",
      "Listener",
      "Process",
      "ProcessError",
      "Signals",
      "StartError",
      "TimeoutError",
      "TlsError",
      "TruncatedError",
      "UdpSocket",
      "connect",
      "exec",
      "listen",
      "listenFds",
      "lookup",
      "pipe",
      "read",
      "relay",
      "resolve",
      "server",
      "signals",
      "start",
      "toStream",
      "udp",
      "write",
      "type ChildFile",
      "type CloseOptions",
      "type CloseReason",
      "type ConnectOptions",
      "type ConnectionStream",
      "type Datagram",
      "type DatagramTarget",
      "type DatagramToSend",
      "type DnsRecords",
      "type DnsType",
      "type DropReason",
      "type EndOptions",
      "type EndReason",
      "type Endpoint",
      "type ExecOptions",
      "type FdEndpoint",
      "type GoneOptions",
      "type GroupOptions",
      "type Handler",
      "type HostEndpoint",
      "type InheritedSocket",
      "type Input",
      "type LimitOptions",
      "type ListenOptions",
      "type ListenerTls",
      "type LookupOptions",
      "type Output",
      "type OverloadPolicy",
      "type PathEndpoint",
      "type PeekOptions",
      "type PeerCredentials",
      "type Pem",
      "type PemFile",
      "type PipesOf",
      "type ProcessExit",
      "type ProcessOutcome",
      "type ProcessStream",
      "type ProgramOptions",
      "type ReadOptions",
      "type ReadableLike",
      "type RelayedBytes",
      "type ResolveOptions",
      "type ServerOptions",
      "type ServerStats",
      "type Session",
      "type SessionSummary",
      "type SignalName",
      "type StartOptions",
      "type StartTls",
      "type StopOptions",
      "type StreamReadOptions",
      "type TextEncoding",
      "type TextOptions",
      "type TimeoutKind",
      "type TlsCertificate",
      "type TlsClient",
      "type TlsInfo",
      "type TlsServer",
      "type TlsSession",
      "type TlsSettings",
      "type UdpOptions",
      "type WritableLike",
    ]
  `)
})

it('@bluelet/net/driver exports these values and types', () => {
  expect(namesOf(driver, 'driver')).toMatchInlineSnapshot(`
    [
      "CLOSED",
      "FAILED",
      "LINGERING",
      "READABLE",
      "WRITABLE",
      "driverNamed",
      "nodeDriver",
      "type ConnectTarget",
      "type Datagram",
      "type DatagramOption",
      "type DatagramSettings",
      "type DnsAnswer",
      "type DnsQuery",
      "type DnsRecords",
      "type DnsType",
      "type Driver",
      "type DriverDatagrams",
      "type DriverListener",
      "type DriverName",
      "type DriverSocket",
      "type Endpoint",
      "type FdEndpoint",
      "type GroupMembership",
      "type HostEndpoint",
      "type ListenSettings",
      "type ListenTarget",
      "type NetworkHost",
      "type Observer",
      "type OutgoingDatagram",
      "type PathEndpoint",
      "type PeerCredentials",
      "type SocketSettings",
      "type TlsInfo",
      "type TlsState",
    ]
  `)
})

it('@bluelet/net/monitor exports these values and types', () => {
  expect(namesOf(monitor, 'monitor')).toMatchInlineSnapshot(`
    [
      "monitor",
      "type Monitor",
      "type MonitorOptions",
    ]
  `)
})

it('@bluelet/net/testing exports these values and types', () => {
  expect(namesOf(testing, 'testing')).toMatchInlineSnapshot(`
    [
      "Link",
      "SimulatedNetwork",
      "Simulation",
      "simulate",
      "type DatagramNetworkOptions",
      "type NetworkOptions",
      "type Operation",
      "type OperationKind",
      "type Packet",
      "type PacketChange",
      "type PacketListener",
      "type PacketSource",
      "type SimulateOptions",
      "type SimulatedNames",
      "type SimulatedRecords",
      "type SimulationOptions",
    ]
  `)
})

it.each([
  ['index', net],
  ['driver', driver],
  ['monitor', monitor],
  ['testing', testing],
])('%s declares every value that it exports', (entry, module) => {
  const declared = declaredNames(entry)

  expect(Object.keys(module).filter((name) => !declared.includes(name))).toEqual([])
})

it('@bluelet/net/trace exports these values and types', () => {
  expect(namesOf(trace, 'trace')).toMatchInlineSnapshot(`
    [
      "recordNetwork",
      "type RecordedHost",
    ]
  `)
})
