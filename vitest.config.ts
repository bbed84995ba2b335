import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LARGE } from './test/support/tags.js'

const root = fileURLToPath(new URL('.', import.meta.url))

/**
 * Tests see the sources where users see what is built of them: whatever the packages export, so
 * that no entry loads a second core.
 */
export const alias = ['scheduler', 'net'].flatMap((name) => {
  const { exports, imports = {} } = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'))
  const source = (built: string): string =>
    `${root}packages/${name}/${built.replace('./dist/', 'src/').replace(/js$/, 'ts')}`
  return [
    ...Object.entries<{ default?: string }>(exports)
      .filter(([, entry]) => entry.default !== undefined)
      .map(([key, entry]) => [`@bluelet/${name}${key.slice(1)}`, entry.default as string]),
    ...Object.entries<{ node: string }>(imports).map(([key, { node }]) => [key, node]),
  ].map(([specifier = '', built = '']) => ({
    find: new RegExp(`^${specifier}$`),
    replacement: source(built),
  }))
})

/**
 * Test files that share processes, which saves the start of one for each, a third of a second. The
 * others measure memory or work, test one driver, or load modules of ours again.
 */
const SHARED = [
  'test/*.test.ts',
  'test/{documents,examples,harness,scheduler}/**/*.test.ts',
  'test/net/{datagrams,driver,monitor,names,process,server,signals,socket,stream,testing,tls,trace,traps,unix,drivers/simulated}/**/*.test.ts',
  'test/net/{benchmarks,errors,exports}.test.ts',
  'test/net/drivers/{listen-fds,none}.test.ts',
  'test/net/drivers/{epoll,node}/{datagrams,listener,set,signals,socket,versions}.test.ts',
]
const ALONE = [
  'test/scheduler/{core/cost,core/step-cost,core/depth,host/host,stores/ring-queue}.test.ts',
  'test/net/{driver/byte-queue,socket/read-cost,traps/*}.test.ts',
]

/**
 * The suites: `vitest run` is the fast one, `vitest run --mode long` that of *.long.ts, and so on.
 */
const TIMEOUTS_MS: Readonly<Record<string, number>> = {
  test: 30_000,
  long: 240_000,
  native: 240_000,
  faults: 120_000,
  site: 600_000,
  learn: 120_000,
  packages: 120_000,
}

export default defineConfig(({ mode }) => ({
  resolve: { alias },
  test: {
    ...filesOf(mode),
    globalSetup: 'test/support/build.ts',
    // A browser keeps its connections, and a bundler its process.
    setupFiles: ['site', 'learn', 'packages'].includes(mode) ? [] : ['test/support/setup.ts'],
    tags: [LARGE],
    pool: 'forks',
    // More than there are cores: tests of sockets and of programs often wait.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
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

/** The files of a suite, and which of them share processes. */
function filesOf(mode: string): object {
  if (mode !== 'test') return { include: [`test/**/*.${mode in TIMEOUTS_MS ? mode : 'test'}.ts`] }
  const rest = { include: ['test/**/*.test.ts'], exclude: SHARED }
  return {
    projects: [
      {
        extends: true,
        test: { name: 'shared', isolate: false, restoreMocks: true, include: SHARED, exclude: ALONE },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
      { extends: true, test: { name: 'others', ...rest } },
    ],
  }
}
