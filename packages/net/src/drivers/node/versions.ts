/**
 * What the running version of Node can do. An earlier one does not say that it cannot.
 */

/** Node supports `reusePort` since 22.12 and 23.1; earlier versions ignore it silently. */
export const REUSES_PORTS: boolean =
  isAtLeast(process.versions.node, [22, 12]) && !/^23\.0\./.test(process.versions.node)

/** Before 22, Node fills an abstract name with NUL bytes, so that no other program finds it. */
export const NAMES_ABSTRACT_SOCKETS: boolean = isAtLeast(process.versions.node, [22, 0])

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
