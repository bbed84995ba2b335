/**
 * Which files belong to the library: their frames are left out of call sites and traces, since they
 * tell a user nothing.
 *
 * Only a path that the build controls says so. In a user's bundle the library's code and the user's
 * share a file, so nothing is left out there.
 */

/** Where this module is: in the built package and in the sources. */
const PLACES = ['dist/bluelet-scheduler.js', 'src/diagnostics/own-files.ts']

/** The start of every own file's path. */
const folders: string[] = /* @__PURE__ */ foldersOf((import.meta as { url?: string }).url, PLACES)

/**
 * Leaves the frames of a library's own files out of call sites and traces. A package that is built
 * on this one calls it when it is loaded; it does nothing where neither place matches, as in a
 * user's bundle.
 *
 * @param url `import.meta.url` of the calling module; bundles in the CommonJS format have none
 * @param places where that module can be below the root of its package, such as
 *   `dist/my-library.js` and `src/own-files.ts`
 */
export function registerOwnFiles(url: string | undefined, places: readonly string[]): void {
  folders.push(...foldersOf(url, places))
}

/** Whether a line of a stack is of such a file. */
export function isOwnFrame(frame: string): boolean {
  return folders.some((folder) => frame.includes(folder))
}

/**
 * Both folders of the package: with source maps, a frame of a built file has the path of its
 * source.
 */
function foldersOf(url: string | undefined, places: readonly string[]): string[] {
  const place = places.find((place) => url?.endsWith(`/${place}`))
  if (url === undefined || place === undefined) return []
  const root = url.slice(0, -place.length).replace('file://', '')
  // A frame has the URL or the path.
  return [root, decodeURI(root)].flatMap((root) => [`${root}dist/`, `${root}src/`])
}
