import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

/** Tests see the sources where users see what is built of them. */
export const alias = [
  { find: /^@bluelet\/scheduler$/, replacement: source('scheduler/src/index.ts') },
  { find: /^@bluelet\/scheduler\/testing$/, replacement: source('scheduler/src/testing.ts') },
  { find: /^@bluelet\/net$/, replacement: source('net/src/index.ts') },
  { find: /^@bluelet\/net\/testing$/, replacement: source('net/src/testing.ts') },
  { find: /^#drivers$/, replacement: source('net/src/drivers/real.ts') },
]

/** What a test counts as that is slow for its kind: vitest.mutation.config.ts leaves it out. */
export const LARGE = { name: 'large', description: 'counts to a hundred thousand, or starts a process' }

/** The suites: `vitest run` is the fast one, `vitest run --mode long` that of *.long.ts, and so on. */
const TIMEOUTS_MS: Readonly<Record<string, number>> = {
  test: 10_000,
  long: 240_000,
  native: 240_000,
  faults: 120_000,
  site: 240_000,
}

export default defineConfig(({ mode }) => ({
  resolve: { alias },
  test: {
    include: [`test/**/*.${mode in TIMEOUTS_MS ? mode : 'test'}.ts`],
    globalSetup: 'test/support/build.ts',
    // A browser keeps its connections.
    setupFiles: mode === 'site' ? [] : ['test/support/setup.ts'],
    tags: [LARGE],
    pool: 'forks',
    // Vitest leaves a core to itself, which on two cores is half of them.
    maxWorkers: '100%',
    // Faults are tried under load, with programs beside the tests: one file at a time.
    fileParallelism: mode !== 'faults',
    execArgv: ['--expose-gc'],
    testTimeout: TIMEOUTS_MS[mode] ?? 30_000,
    hookTimeout: TIMEOUTS_MS[mode] ?? 30_000,
    coverage: {
      // All of them, also those that no test imports.
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text', 'html', 'json-summary'],
      thresholds: { lines: 100 },
    },
  },
}))
