/**
 * Shrinking: makes a list of choices smaller as long as a program still fails under it.
 */

/** The largest number of runs that it takes. */
const MAX_RUNS = 2000

/** The length up to which every piece of a list is left out in turn, wherever it begins. */
const MAX_SHORT = 32

/**
 * Tries fewer choices, then fewer unusual ones, then smaller ones, until none of these still fails.
 *
 * @param found choices under which the program fails
 * @param fails whether the program fails under given choices
 * @returns the smallest choices that were found
 */
export async function shrink(
  found: readonly number[],
  fails: (choices: readonly number[]) => Promise<boolean>,
): Promise<readonly number[]> {
  let best = trimmed(found)
  let runs = 0
  const better = async (candidate: readonly number[]): Promise<boolean> => {
    if (runs === MAX_RUNS) return false
    runs++
    if (!(await fails(candidate))) return false
    best = trimmed(candidate)
    return true
  }
  for (let before: readonly number[] | undefined; before !== best; ) {
    before = best
    // Leaves out smaller and smaller pieces.
    for (let size = best.length; size > 0; size = best.length > MAX_SHORT ? Math.floor(size / 2) : size - 1) {
      for (let at = best.length - size; at >= 0; at -= best.length > MAX_SHORT ? size : 1) {
        await better([...best.slice(0, at), ...best.slice(at + size)])
      }
    }
    for (let i = best.length - 1; i >= 0; i--) {
      const choice = best[i] ?? 0
      if (choice === 0 || (await better(changed(best, i, 0)))) continue
      for (let less = Math.floor(choice / 2); less > 0; less = Math.floor(less / 2)) {
        while ((best[i] ?? 0) > less && (await better(changed(best, i, (best[i] ?? 0) - less)))) {}
      }
    }
  }
  return best
}

/** The choices without zeros at the end: beyond its end every choice is 0 anyway. */
export function trimmed(choices: readonly number[]): readonly number[] {
  let end = choices.length
  while (end > 0 && choices[end - 1] === 0) end--
  return choices.slice(0, end)
}

function changed(choices: readonly number[], index: number, choice: number): number[] {
  return choices.map((old, i) => (i === index ? choice : old))
}
