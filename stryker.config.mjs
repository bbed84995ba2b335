// Mutation testing: changes the scheduler in some place, and looks whether a test fails. `pnpm test:mutation` does all of it,
// `pnpm test:mutation --mutate packages/scheduler/src/stores/ring-queue.ts` one file. The report is reports/mutation/index.html.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: ['packages/scheduler/src/**/*.ts'],
  // By name: under pnpm they are not where it would look for them.
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  // `related` would be all of the tests every time: each of them imports the package as a whole.
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  // Some tests collect garbage. A flag of V8 is one of the process, and so also of the runner's threads.
  testRunnerNodeArgs: ['--expose-gc'],
  coverageAnalysis: 'perTest',
  // Else a mutant that any code hits outside of a test, if only in the clean-up of one, costs a run of all tests.
  ignoreStatic: true,
  // What it would put above every file moves the lines that tests of stack traces look at. Vitest checks no types anyway.
  disableTypeChecks: false,
  ignorePatterns: ['dist', 'docs-out', 'coverage', 'reports'],
  concurrency: 2,
  // On a busy machine a mutant that survives must not be taken for one that hangs.
  timeoutMS: 15_000,
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  tempDirName: 'reports/sandbox',
}
