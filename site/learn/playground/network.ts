/**
 * What a program in a browser can do with the network, which is simulated: everything but programs,
 * signals and streams of Node, an eighth of the worker.
 */

export {
  Address,
  BusyError,
  ClosedError,
  ConnectError,
  Connection,
  ConnectionResetError,
  connect,
  DatagramError,
  DnsError,
  IncompleteReadError,
  LimitError,
  ListenError,
  Listener,
  listen,
  lookup,
  pipe,
  relay,
  resolve,
  server,
  TimeoutError,
  TruncatedError,
  UdpSocket,
  udp,
} from '@bluelet/net'
