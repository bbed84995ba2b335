/**
 * Shrinking: makes a list of choices smaller for as long as a program still fails under it.
 */

/** So many runs are spent on it at the most. */
const MOST_RUNS = 2000

/** A list no longer than this has every piece of it left out, wherever it begins. */
const SHORT = 32

/**
 * Tries fewer choices, then fewer that are unusual, then smaller ones, until nothing of that helps.
 *
 * @param found choices under which the program fails
 * @param fails whether it fails under these
 * @returns the smallest that were found
 */
export async function shrink(
  found: readonly number[],
  fails: (choices: readonly number[]) => Promise<boolean>,
): Promise<readonly number[]> {
  let best = trimmed(found)
  let runs = 0
  const better = async (candidate: readonly number[]): Promise<boolean> => {
    if (runs === MOST_RUNS) return false
    runs++
    if (!(await fails(candidate))) return false
    best = trimmed(candidate)
    return true
  }
  for (let before: readonly number[] | undefined; before !== best; ) {
    before = best
    // Ever smaller pieces are left out.
    for (let size = best.length; size > 0; size = best.length > SHORT ? Math.floor(size / 2) : size - 1) {
      for (let at = best.length - size; at >= 0; at -= best.length > SHORT ? size : 1) {
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

/** Without the zeros at the end: beyond its end every choice is 0 anyway. */
export function trimmed(choices: readonly number[]): readonly number[] {
  let end = choices.length
  while (end > 0 && choices[end - 1] === 0) end--
  return choices.slice(0, end)
}

function changed(choices: readonly number[], index: number, choice: number): number[] {
  return choices.map((old, i) => (i === index ? choice : old))
}
