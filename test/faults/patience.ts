// Waiting for another process, which does not report when it is done.

/** How late a server may be on a busy machine, in milliseconds, beyond what it may take at most. */
export const LATE_MS = 4000

/** Waits until a condition holds, for at most the given time; gives whether it holds. */
export async function reachedIn(ms: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > end) return false
    await elapsed(20)
  }
  return true
}

/** Waits until a count has not changed for the given time. */
export async function still(ms: number, count: () => Promise<number>): Promise<void> {
  let [last, since] = [Number.NaN, 0]
  do {
    const now = await count()
    if (now !== last) [last, since] = [now, performance.now()]
    await elapsed(20)
  } while (performance.now() - since < ms)
}

/** Waits for the given time. */
export function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
