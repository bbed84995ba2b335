// For tests of what is let go of: vitest.config.ts starts its workers with --expose-gc.

/** Collects garbage, also what the current job still keeps alive for WeakRef. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (globalThis.gc === undefined) throw new Error('start node with --expose-gc')
    globalThis.gc()
  }
}
