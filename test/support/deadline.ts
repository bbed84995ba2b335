// Waiting for a condition of the real world, which sends no event: poll it, with a deadline.

/** Longer than anything here takes on a busy machine, and shorter than the time limit of a test. */
const DEADLINE_MS = 4000

/** Waits until a condition holds; fails if it does not within the deadline. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  if (!(await reached(condition, DEADLINE_MS)))
    throw new Error(`waited ${DEADLINE_MS} ms without success: ${what}`)
}

/** Waits until a condition holds, but no longer than `ms`. @returns whether it holds */
export async function reached(condition: () => boolean, ms: number): Promise<boolean> {
  const end = performance.now() + ms
  while (!condition()) {
    if (performance.now() > end) return false
    await turn()
  }
  return true
}

/** Lets the event loop poll for I/O once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * Waits until a number stops growing, for as many turns of the event loop as are plenty for
 * whatever is under way on the loopback interface.
 */
export async function settled(measure: () => number, turns = 300): Promise<number> {
  let last = measure()
  for (let quiet = 0; quiet < turns; quiet++) {
    await turn()
    const now = measure()
    if (now !== last) quiet = 0
    last = now
  }
  return last
}
