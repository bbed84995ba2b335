// The tests of the suites that hold without TLS alone. What TLS does instead is tested in
// `socket.test.ts`, `close.test.ts` and `traps/tls.test.ts`.

const ACCEPT = 'a client of TLS is connected once the server has accepted it, and both have spoken'
const DROPPED = 'a connection that is dropped before its handshake is a failed connect'
const CUT = 'a close without lingering sends no close_notify, which is a truncation'
const TURN = 'Node says in a later turn that the ciphertext is written'
const ROUGH = 'ciphertext is longer than what was written'
const SELF = 'a connection to itself is refused before its handshake, which the driver here begins sooner'

/** The titles, how they begin, or what they match; and why they are skipped. */
export const PLAIN_ONLY: readonly (readonly [title: string | RegExp, why: string])[] = [
  ['resets and counts the connections in the backlog when it closes', ACCEPT],
  ['excludes IPv4 clients with ipv6Only, and only then', ACCEPT],
  ['reports a new connection, and knows both addresses', ACCEPT],
  ['says how many written bytes the peer’s system has not taken', ROUGH],
  ['closes at once if it may not linger, and the peer gets the written bytes and then the end', CUT],
  ['closes at once without a reset if all input has been read', CUT],
  ['refuses a connection to itself, and frees its descriptor', SELF],
  [/^is handed over (by shutdown|by close|at once outside of any step)$/, TURN],
  [/gets what the policy says$/, DROPPED],
  ['(wait) is served once there is room', ACCEPT],
  ['(close) gets the end, even if it is one of many that speak first', DROPPED],
  ['socket-end-before-connect: ', ACCEPT],
  ['server-reset: ', DROPPED],
  ['write-connect-write: ', ACCEPT],
  ['server-address: ', DROPPED],
  ['client-bind-twice: ', DROPPED],
  ['server-max-connections: ', DROPPED],
  ['server-max-connections-close-makes-more-available: ', ACCEPT],
  ['server-drop-connections: ', DROPPED],
]

/** Why a test is skipped: its entry; undefined if it is not. */
export function reasonToSkip(test: string): (typeof PLAIN_ONLY)[number] | undefined {
  return PLAIN_ONLY.find(([title]) => (typeof title === 'string' ? test.startsWith(title) : title.test(test)))
}
