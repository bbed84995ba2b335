// The tests of the suites that hold for TCP alone. What Unix sockets do instead is tested in
// `unix.test.ts` and `files.test.ts`.

const RESET = 'a Unix socket has no reset: the peer of an abort sees the end, unless its bytes were unread'
const NAMES = 'clients of Unix sockets have no addresses of their own'
const HOSTS = 'a path has no host and no port'
const PROBE = 'a listener looks whether a program serves the path, which that program sees as a client'
const BROKEN = 'a send to a Unix socket that is closed fails at once'
const ROUGH = 'the system counts what waits in a Unix socket with its own overhead'

/** The titles, how they begin, or what they contain; and why they are skipped. */
export const TCP_ONLY: readonly (readonly [title: string | RegExp, why: string])[] = [
  [/\breset/, RESET],
  ['reports connections, and accepts each once', NAMES],
  ['says how many written bytes the peer’s system has not taken', ROUGH],
  ['is closed when a send is timed out', RESET],
  ['wakes its writer when it is aborted', RESET],
  ['ConcurrentMethods: ', NAMES],
  ['refuses a host with a NUL byte, even after a valid address: ', HOSTS],
  ['fail and abort the connection, and never succeed: ', RESET],
  ['a kill of a send that is half out aborts the connection, and the others get ClosedError', RESET],
  ['abort() drops what was buffered', RESET],
  ['is thrown at the next send or flush, and is the cause of later errors', BROKEN],
  ['resumes beside a reader, which gets the error', RESET],
  ['never looks like the end ', RESET],
  ['socket-destroy-twice: ', RESET],
  ['server-max-connections: ', RESET],
  ['connect-paused-connection: ', BROKEN],
  ['listen-error: ', HOSTS],
  ['bind-twice: ', PROBE],
  ['eaddrinuse: ', HOSTS],
  ['client-bind-twice: ', NAMES],
  ['server-drop-connections: ', NAMES],
  ['local-address-port: ', NAMES],
]

/** Why a test is skipped: its entry; undefined if it is not. */
export function reasonToSkip(test: string): (typeof TCP_ONLY)[number] | undefined {
  return TCP_ONLY.find(([title]) => (typeof title === 'string' ? test.startsWith(title) : title.test(test)))
}
