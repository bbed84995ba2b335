/**
 * The native part of the `epoll` driver: its calls, and where it is found. Its sources are in
 * `native/`.
 */

import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { environmentVariable } from '../environment.js'

/**
 * The version of the interface that follows. Raise it here and in addon.cc when a call changes: an
 * addon of another version might take arguments for what they are not.
 */
const INTERFACE = 3

/** System calls that never wait. Those that give a number give a negative errno if they fail. */
export interface Native {
  /** Is INTERFACE. */
  readonly version: number
  /**
   * Starts the epoll set of this thread. `ready` is called with the number of ready sockets, after
   * three numbers of each were written to `batch`.
   */
  start(batch: Int32Array, ready: (count: number) => void): number
  /**
   * Adds a descriptor to the set: for all events, or for all but output. Again for the same one, it
   * changes that, and the set reports what is the case at that time.
   */
  watch(fd: number, slot: number, generation: number, output: boolean): number
  /** Removes a descriptor that another process has, too, before it is closed. */
  unwatch(fd: number): number
  /** Whether the set keeps the process alive. */
  hold(keepsAlive: boolean): void
  /** Opens a listening socket. Accepted sockets inherit the last two settings. */
  listen(
    address: string,
    port: number,
    backlog: number,
    ipv6Only: boolean,
    reusePort: boolean,
    noDelay: boolean,
    keepAliveSeconds: number,
  ): number
  /** Opens a socket and starts to connect it. */
  connect(address: string, port: number): number
  /** Opens a listening Unix socket at a path where there is no file, or at `@name`. */
  listenPath(path: string, backlog: number): number
  /** Opens a Unix socket and connects it. */
  connectPath(path: string): number
  /** Takes over a descriptor that listens, and gives it. Any other is left as it is. */
  adopt(fd: number, noDelay: boolean, keepAliveSeconds: number): number
  /** Gives the descriptor of an accepted socket. */
  accept(fd: number): number
  /** The address of the socket that was accepted last, as of `address`. */
  peer(): string
  /** Receives up to `max` bytes; 0 at the end of the stream. */
  recv(fd: number, to: Uint8Array, offset: number, max: number): number
  /** Gives the number of bytes that the kernel has taken, of `max` bytes from `start` on. */
  send(fd: number, bytes: Uint8Array, start: number, max: number): number
  shutdown(fd: number): number
  close(fd: number): void
  reset(fd: number): void
  configure(fd: number, noDelay: boolean, keepAliveSeconds: number): number
  /** The error of a socket, as a negative errno; 0 if there is none. */
  failure(fd: number): number
  /** How many bytes were sent that the peer's system has not acknowledged (SIOCOUTQ, tcp(7)). */
  unacknowledged(fd: number): number
  /** `pid uid gid` of the peer of a Unix socket; empty if there is none. */
  credentials(fd: number): string
  /**
   * `host port` or `unix:path`, with nothing after the colon if that end has no name; empty if the
   * socket has no address.
   */
  address(fd: number, remote: boolean): string
  /** Opens a socket for datagrams. A buffer of 0 bytes is that of the system. */
  udp(
    address: string,
    port: number,
    reuseAddress: boolean,
    reusePort: boolean,
    broadcast: boolean,
    receiveBuffer: number,
  ): number
  /** Connects a socket for datagrams to another peer. If that fails, it has none. */
  attach(fd: number, address: string, port: number): number
  /**
   * Receives up to `max` datagrams of up to `size` bytes each, and gives their number. The bytes of
   * the one with the index `i` begin at `i * size`; the table says what each one is.
   */
  recvMany(fd: number, to: Uint8Array, size: number, table: Int32Array, max: number): number
  /**
   * Sends datagrams, whose bytes follow each other, and gives how many the kernel has taken. If
   * these are not all, the first number of the table becomes the reason, a negative errno.
   */
  sendMany(fd: number, bytes: Uint8Array, table: Int32Array, count: number): number
  /** Writes a numeric host, without a port, to an entry of the table. */
  encode(host: string, table: Int32Array, index: number): number
  /** The numeric host in an entry of the table; empty if there is none. */
  decode(table: Int32Array, index: number): string
  /** Joins or leaves a multicast group; `''` is the system's interface, and every sender. */
  member(fd: number, joins: boolean, group: string, by: string, source: string): number
  /** Sets the TTL (0), the TTL of multicast (1), or whether multicast reaches this machine (2). */
  option(fd: number, option: number, value: number): number
  /** How many datagrams the kernel has dropped because the buffer of the socket was full. */
  dropped(fd: number): number
}

/** The environment variable that names the addon to load. */
const VARIABLE = 'BLUELET_NATIVE'

/**
 * Where the package has its addon: the one that the workspace has built comes first, then the one
 * that is published.
 */
const PLACES = ['native/build/Release/bluelet.node', `prebuilds/linux-${process.arch}/bluelet.node`]

/** Loads the addon. @throws Error, which says why that is not possible here */
export function loadNative(): Native {
  if (process.platform !== 'linux') throw new Error(`${process.platform} has no epoll`)
  // Both claim to be Node, but have no loop of libuv's: Bun would abort the process, Deno would
  // prompt for permission.
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) throw new Error('it needs Node itself')
  const reasons = new Set<string>()
  for (const path of candidates(environmentVariable(VARIABLE), import.meta.url)) {
    try {
      checkWhole(path)
      return load(path)
    } catch (error) {
      reasons.add((error as Error).message)
    }
  }
  throw new Error(`its native part cannot be loaded: ${[...reasons].join('; ')}`)
}

/**
 * The files to try, in this order. Only a folder that is called `@bluelet/net` is searched, which
 * Node finds from the sources, from the built package and from a bundle beside whose `node_modules`
 * the package is installed.
 *
 * @param from the URL of the running module; a bundle in the CommonJS format has none
 * @throws Error if the package is not installed there
 */
export function candidates(chosen: string | undefined, from: string | undefined): readonly string[] {
  if (chosen) return [resolve(chosen)]
  if (from === undefined) {
    throw new Error(`a bundle without import.meta.url cannot find its native part: set ${VARIABLE}`)
  }
  // Webpack would replace an imported createRequire by its own.
  const { createRequire } = process.getBuiltinModule('node:module')
  const root = dirname(createRequire(from).resolve('@bluelet/net/package.json'))
  return PLACES.map((place) => join(root, place))
}

/**
 * Loads an addon. Unlike `require` it gives each copy of this module, such as that of a bundle, an
 * instance of its own: an instance serves only one epoll set.
 */
function load(path: string): Native {
  const addon = { exports: {} }
  process.dlopen(addon, path)
  return ofThisVersion(addon.exports, path)
}

/** @throws Error if an addon was built for another version of this package */
export function ofThisVersion(exports: Partial<Native>, path: string): Native {
  if (exports.version === INTERFACE) return exports as Native // What addon.cc exports.
  throw new Error(
    `${path}: its interface has version ${exports.version}, expected ${INTERFACE}: build or install it again`,
  )
}

/**
 * Loading a truncated file would end the process (SIGBUS).
 *
 * @throws Error if the file ends before its table of sections
 */
function checkWhole(path: string): void {
  const bytes = readFileSync(path)
  if (bytes.length < 64) throw new Error(`${path}: file too short`)
  // elf(5), 64 bits, little endian: the offset and the size of the table of sections, which linkers
  // put last.
  const known = bytes.readUInt16LE(4) === 0x0102
  const end = Number(bytes.readBigUInt64LE(40)) + bytes.readUInt16LE(58) * bytes.readUInt16LE(60)
  if (known && end > bytes.length) throw new Error(`${path}: the file is truncated`)
}
