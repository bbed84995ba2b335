/** How much of its budget of steps and of time a turn has used. */

import type { Host } from '../host/host.js'

/**
 * The largest number of steps between two looks at the clock. A look costs as much as two steps;
 * 128 steps take microseconds.
 */
const MAX_STEPS_PER_LOOK = 128

/** The budget of a turn. */
export class TurnBudget {
  readonly #maxSteps: number
  readonly #time: number
  /** The steps of this turn so far. */
  #steps = 0
  /** After so many steps it looks at the clock. */
  #look = 1
  /** When the time of this turn is used up. */
  #deadline = 0

  constructor(steps: number, time: number) {
    this.#maxSteps = steps
    this.#time = time
  }

  /** A turn begins. */
  begin(host: Host): void {
    this.#steps = 0
    this.#look = 1
    this.#deadline = host.now() + this.#time
  }

  /**
   * Counts a step. It looks at the clock after 1, 2, 4 ... steps: slow steps are noticed soon, and
   * fast ones pay little.
   *
   * @returns whether there is room for another one
   */
  spend(host: Host): boolean {
    if (++this.#steps < this.#look) return true
    if (this.#steps >= this.#maxSteps || host.now() >= this.#deadline) return false
    this.#look = Math.min(this.#steps + Math.min(this.#steps, MAX_STEPS_PER_LOOK), this.#maxSteps)
    return true
  }
}
