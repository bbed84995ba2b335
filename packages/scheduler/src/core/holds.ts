/**
 * The holds: how many waits and background works there are that something outside the scheduler can end.
 */

/** Counts them, and how many of them wait for what the host itself simulates. */
export class Holds {
  readonly #simulates: readonly string[]
  #all: number
  #simulated: number

  /** @param simulates the sources that the host simulates */
  constructor(simulates: readonly string[]) {
    this.#simulates = simulates
    this.#all = 0
    this.#simulated = 0
  }

  /** How many there are. */
  get size(): number {
    return this.#all
  }

  /** How many of them the world outside of the host can end. */
  get outside(): number {
    return this.#all - this.#simulated
  }

  add(source: string | undefined): void {
    this.#all++
    if (this.#isSimulated(source)) this.#simulated++
  }

  remove(source: string | undefined): void {
    this.#all--
    if (this.#isSimulated(source)) this.#simulated--
  }

  #isSimulated(source: string | undefined): boolean {
    return this.#simulates.length > 0 && source !== undefined && this.#simulates.includes(source)
  }
}
