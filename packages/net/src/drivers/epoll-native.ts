/**
 * The native part of the `epoll` driver: its calls, and where it is found.
 */

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** System calls that never wait. What gives a number gives a negative errno when it fails. */
export interface Native {
  /** Once for each thread. `ready` is called with how many sockets are ready, three numbers of each being in the batch. */
  start(batch: Int32Array, scratch: Uint8Array, ready: (count: number) => void): number
  watch(fd: number, slot: number, generation: number): number
  hold(keepsAlive: boolean): void
  listen(address: string, port: number, backlog: number, ipv6Only: boolean, reusePort: boolean): number
  connect(address: string, port: number): number
  accept(fd: number): number
  /** Into the scratch. */
  recv(fd: number, most: number): number
  send(fd: number, bytes: Uint8Array): number
  shutdown(fd: number): number
  close(fd: number): void
  reset(fd: number): void
  configure(fd: number, noDelay: boolean, keepAliveSeconds: number): number
  failure(fd: number): number
  /** `host port`; empty if there is none. */
  address(fd: number, remote: boolean): string
}

/** What the workspace has built, and what the package brings. */
const PLACES = ['../../native/build/Release/bluelet.node', `../../prebuilds/${target()}/bluelet.node`]

/** Loads it. @throws Error, which says why it cannot be had here */
export function loadNative(): Native {
  if (process.platform !== 'linux') throw new Error(`there is no epoll on ${process.platform}`)
  const require = createRequire(import.meta.url)
  const reasons: string[] = []
  for (const place of PLACES) {
    try {
      return require(fileURLToPath(new URL(place, import.meta.url))) as Native // What addon.cc exports.
    } catch (error) {
      reasons.push((error as Error).message)
    }
  }
  throw new Error(`its native part could not be loaded: ${reasons.join('; ')}`)
}

/** `linux-x64`, `linux-arm64-musl`. */
function target(): string {
  const { platform, arch } = process
  return `${platform}-${arch}${isMusl() ? '-musl' : ''}`
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  // Its header is the only thing of the report that is wanted; without the network the rest costs little.
  const report = process.report as typeof process.report & { excludeNetwork?: boolean }
  const { excludeNetwork } = report
  report.excludeNetwork = true
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } }
  report.excludeNetwork = excludeNetwork ?? false
  return header.glibcVersionRuntime === undefined
}
