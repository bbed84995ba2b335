// What runs in a worker thread of examples/factors.ts: it computes without a pause.

/**
 * The smallest prime factor of a number.
 *
 * @param {bigint} number at least 2
 * @returns {bigint} the number itself if it is prime
 */
export function smallestFactor(number) {
  for (let factor = 2n; factor * factor <= number; factor++) {
    if (number % factor === 0n) return factor
  }
  return number
}
