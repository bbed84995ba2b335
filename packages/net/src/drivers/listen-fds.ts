/**
 * The listening sockets that a service manager has passed to this process: the protocol of systemd
 * (sd_listen_fds(3)). It opens and checks no descriptor.
 */

/** A listening socket that was passed to this process. */
export interface InheritedSocket {
  /** Its descriptor: an endpoint of `listen` and `server`. */
  readonly fd: number
  /** Its name: `FileDescriptorName=` of the socket unit, or the name of that unit. */
  readonly name: string
}

/** The first descriptor that is passed (SD_LISTEN_FDS_START). */
const FIRST = 3

/** Without a name (sd_listen_fds_with_names(3)). */
const UNKNOWN = 'unknown'

/** More descriptors than a process can have are a mistake. */
const MAX_FDS = 1_048_576

/**
 * The listening sockets that the service manager has passed to this process, such as systemd by a
 * socket unit; none if there is no such manager.
 *
 * The first call gives them, and deletes the variables LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES,
 * so that child processes do not take the descriptors for theirs. A later call gives none.
 *
 * @example
 * const [socket] = listenFds()
 * await run(server(socket ?? { host: '', port: 4915 }, echoer))
 */
export function listenFds(): readonly InheritedSocket[] {
  try {
    const { env, pid } = process
    const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env
    for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
    // The variables of another process, which this one has inherited.
    if (LISTEN_PID !== String(pid)) return []
    const count = Number(LISTEN_FDS)
    if (!Number.isInteger(count) || count < 0 || count > MAX_FDS) return []
    const names = LISTEN_FDNAMES?.split(':') ?? []
    return Array.from({ length: count }, (_, i) => ({ fd: FIRST + i, name: names[i] || UNKNOWN }))
  } catch {
    return [] // A browser has no process; Deno refuses its variables without --allow-env.
  }
}
