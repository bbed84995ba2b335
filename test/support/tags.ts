// The tags of tests. They are apart from vitest.config.ts, which loads a bundler: a test file that
// imported it would load the bundler into the process of the tests.

/** A test that is slow for its kind: vitest.mutation.config.ts leaves it out. */
export const LARGE = {
  name: 'large',
  description: 'counts to a hundred thousand, or starts a process',
}
