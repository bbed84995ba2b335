/**
 * The native part of the `epoll` driver: its calls, and where it is found.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** System calls that never wait. What gives a number gives a negative errno when it fails. */
export interface Native {
  /** Once for each thread. `ready` is called with how many sockets are ready, three numbers of each being in the batch. */
  start(batch: Int32Array, ready: (count: number) => void): number
  watch(fd: number, slot: number, generation: number): number
  hold(keepsAlive: boolean): void
  /** Those that are accepted are what `configure` would make of them. */
  listen(
    address: string,
    port: number,
    backlog: number,
    ipv6Only: boolean,
    reusePort: boolean,
    noDelay: boolean,
    keepAliveSeconds: number,
  ): number
  connect(address: string, port: number): number
  accept(fd: number): number
  /** `host port` of whom was accepted last. */
  peer(): string
  /** @param most no more than that, though there may be more room */
  recv(fd: number, to: Uint8Array, offset: number, most: number): number
  send(fd: number, bytes: Uint8Array): number
  shutdown(fd: number): number
  close(fd: number): void
  reset(fd: number): void
  configure(fd: number, noDelay: boolean, keepAliveSeconds: number): number
  failure(fd: number): number
  /** `host port`; empty if there is none. */
  address(fd: number, remote: boolean): string
}

/** The environment variable that names the addon to load. */
const VARIABLE = 'BLUELET_NATIVE'

/** Where the package has its addon: the one that the workspace has built comes first, then the one that is published. */
const PLACES = ['native/build/Release/bluelet.node', `prebuilds/linux-${process.arch}/bluelet.node`]

/** Loads the addon. @throws Error, which says why that is not possible here */
export function loadNative(): Native {
  if (process.platform !== 'linux') throw new Error(`there is no epoll on ${process.platform}`)
  // Both claim to be Node, but have no loop of libuv's: Bun would abort the process, Deno would prompt for permission.
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) throw new Error('it needs Node itself')
  const reasons = new Set<string>()
  for (const path of candidates(process.env[VARIABLE], import.meta.url)) {
    try {
      checkWhole(path)
      return createRequire(path)(path) as Native // What addon.cc exports.
    } catch (error) {
      reasons.add((error as Error).message)
    }
  }
  throw new Error(`its native part cannot be loaded: ${[...reasons].join('; ')}`)
}

/**
 * The files to try, in this order. Only a folder that is called `@bluelet/net` is searched, which Node finds from the sources,
 * from the built package and from a bundle beside whose `node_modules` the package is installed.
 *
 * @param from the URL of the running module; a bundle in the CommonJS format has none
 * @throws Error if the package is not installed there
 */
export function candidates(chosen: string | undefined, from: string | undefined): readonly string[] {
  if (chosen) return [resolve(chosen)]
  if (from === undefined) {
    throw new Error(`a bundle without import.meta.url cannot find its native part: set ${VARIABLE}`)
  }
  const root = dirname(createRequire(from).resolve('@bluelet/net/package.json'))
  return PLACES.map((place) => join(root, place))
}

/** To load a file that has been cut off ends the process (SIGBUS). @throws Error if it ends before its table of sections */
function checkWhole(path: string): void {
  const bytes = readFileSync(path)
  if (bytes.length < 64) throw new Error(`${path}: file too short`)
  // elf(5), of 64 bits and little endian: where the table is, which linkers put last, and how long.
  const known = bytes.readUInt16LE(4) === 0x0102
  const end = Number(bytes.readBigUInt64LE(40)) + bytes.readUInt16LE(58) * bytes.readUInt16LE(60)
  if (known && end > bytes.length) throw new Error(`${path}: the file is cut off`)
}
