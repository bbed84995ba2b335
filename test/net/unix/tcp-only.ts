// The tests of the suites that hold for TCP alone. What Unix sockets do instead is tested in
// `unix.test.ts` and `files.test.ts`.

const RESET = 'a Unix socket has no reset: the peer of an abort sees the end, unless its bytes were unread'
const NAMES = 'clients of Unix sockets have no addresses of their own'
const HOSTS = 'a path has no host and no port'
const PROBE = 'a listener looks whether a program serves the path, which that program sees as a client'
const BROKEN = 'a send to a Unix socket that is closed fails at once'
const ROUGH = 'the system counts what waits in a Unix socket with its own overhead'

/** The titles, or how they begin, and why they are skipped. */
export const TCP_ONLY: readonly (readonly [title: string, why: string])[] = [
  ['reports connections, and accepts each once', NAMES],
  ['resets and counts the connections in the backlog when it closes', RESET],
  ['throws a reset at every try, and never treats it as the end', RESET],
  ['gives the bytes that arrived before a reset first', RESET],
  ['gives all pieces that arrived before a reset first', RESET],
  ['does not treat a reset after unread bytes as the end of the stream', RESET],
  ['says how many written bytes the peer’s system has not taken', ROUGH],
  ['closes at once with a reset if it may not linger', RESET],
  ['closes at once with a reset if input that arrived after it was looked for is unread', RESET],
  ['cuts a linger short by a reset', RESET],
  ['gives a reading peer a reset once, and then ClosedError with that cause', RESET],
  ['gives a reset to a peer that reads later, after the bytes that had arrived', RESET],
  ['is closed when a waiting send is killed, and the peer gets a reset, never the end', RESET],
  ['is closed when a send is timed out', RESET],
  ['wakes its writer when it is closed, and the peer gets a reset, never the end', RESET],
  ['wakes its writer when it is aborted', RESET],
  ['ConcurrentMethods: ', NAMES],
  ['refuses a host with a NUL byte, even after a valid address: ', HOSTS],
  ['keeps both addresses after a reset', RESET],
  ['leave a reset to the read that follows the last byte', RESET],
  ['fail and abort the connection, and never succeed: ', RESET],
  ['resumes when the peer resets while no task reads, and the descriptor is free', RESET],
  ['resumes after a reset behind unread bytes, which can still be read', RESET],
  ['resumes beside a reader, which gets the error', RESET],
  ['does not take a reset for the end of the stream while another task sends', RESET],
  ['never looks like the end ', RESET],
  ['(reset) that ', RESET],
  ['socket-destroy-twice: ', RESET],
  ['error-twice: ', RESET],
  ['child-process-connect-reset: ', RESET],
  ['connect-reset-until-connected: ', RESET],
  ['server-reset: ', RESET],
  ['socket-reset-send: ', RESET],
  ['socket-reset-twice: ', RESET],
  ['server-max-connections: ', RESET],
  ['connect-paused-connection: ', BROKEN],
  ['listen-error: ', HOSTS],
  ['bind-twice: ', PROBE],
  ['eaddrinuse: ', HOSTS],
  ['client-bind-twice: ', NAMES],
  ['server-drop-connections: ', NAMES],
  ['local-address-port: ', NAMES],
  ['passes on a reset ', RESET],
]

/** Why a test is skipped; undefined if it is not. */
export function reasonToSkip(test: string): { readonly title: string; readonly why: string } | undefined {
  const [title, why] = TCP_ONLY.find(([beginning]) => test.startsWith(beginning)) ?? []
  return title === undefined || why === undefined ? undefined : { title, why }
}
