// Where the JavaScript of the examples is, which build.ts makes before the tests. A program of
// JavaScript starts in a third of the time that `node --import tsx` takes for the same program of
// TypeScript, and runs against the built packages, as users do.

/** Beside the tests, so that the packages can be imported; what is in it is ignored by Git. */
export const COMPILED = 'test/dist'

/**
 * What Node runs instead of a file of TypeScript; both are given from the root of the repository.
 */
export function compiledFile(file: string): string {
  return `${COMPILED}/${file.replace(/ts$/, 'js')}`
}
