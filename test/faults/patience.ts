// Waiting for another process, which tells nobody when it is done.

/** Waits until a condition holds, but no longer than given; says whether it does. */
export async function reachedIn(ms: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) return false
    await elapsed(20)
  }
  return true
}

/** Lets time pass. */
export function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
