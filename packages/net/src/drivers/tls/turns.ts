/** Turns of the loop for Node's own work, during which a simulated clock stands still. */

import type { Host } from '@bluelet/scheduler/lowlevel'

/** How many turns Node takes at most for what it is given. */
const TURNS_OF_NODE = 4

export class NodeTurns {
  readonly #clock: Pick<Host, 'soon'>
  /** How many are left. */
  #left = 0
  readonly #turn = (): void => {
    if (--this.#left > 0) this.#clock.soon(this.#turn)
  }

  constructor(clock: Pick<Host, 'soon'>) {
    this.#clock = clock
  }

  /** Node has been given something. */
  begin(): void {
    const working = this.#left > 0
    this.#left = TURNS_OF_NODE
    if (!working) this.#clock.soon(this.#turn)
  }
}
