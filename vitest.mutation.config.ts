// The tests that `pnpm test:mutation` runs hundreds of times: those of the scheduler that need nothing but the scheduler.
import { defineConfig } from 'vitest/config'
import { LARGE } from './test/support/tags.js'
import { alias } from './vitest.config.js'

export default defineConfig({
  resolve: { alias },
  test: {
    tags: [{ ...LARGE, skip: true }],
    // A worker for all files: three times as quick as one for each.
    isolate: false,
    include: ['test/scheduler/**/*.test.ts'],
    exclude: [
      // Processes of their own, which load what is built: a mutant is not in there.
      'test/scheduler/{bare-engine,exports}.test.ts',
      // They measure memory and time.
      'test/scheduler/{core/cost,core/step-cost}.test.ts',
      // A second or more each: a million deep, thousands of random programs, every order of some.
      'test/scheduler/{core/depth,loop/starvation}.test.ts',
    ],
  },
})
