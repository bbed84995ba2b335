import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

// `vitest run` is the fast suite; `vitest run --mode long` is the one for *.long.ts.
export default defineConfig(({ mode }) => ({
  resolve: {
    alias: [
      { find: /^@bluelet\/scheduler$/, replacement: source('scheduler/src/index.ts') },
      { find: /^@bluelet\/scheduler\/testing$/, replacement: source('scheduler/src/testing.ts') },
      { find: /^@bluelet\/net$/, replacement: source('net/src/index.ts') },
      { find: /^#node-driver$/, replacement: source('net/src/drivers/node.ts') },
      { find: /^@bluelet\/net\/testing$/, replacement: source('net/src/testing.ts') },
    ],
  },
  test: {
    include: [mode === 'long' ? 'test/**/*.long.ts' : 'test/**/*.test.ts'],
    globalSetup: 'test/support/build.ts',
    pool: 'forks',
    execArgv: ['--expose-gc'],
    testTimeout: mode === 'long' ? 120_000 : 10_000,
  },
}))
