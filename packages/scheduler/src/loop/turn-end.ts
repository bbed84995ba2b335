/**
 * The listeners of a turn's end: each is called once, when the loop gives control back to its host.
 */

import type { Kernel } from '../core/kernel.js'
import type { TurnEndListener } from '../core/protocol.js'

/** The end of the present turn, or of the next one. */
export class TurnEnd {
  #listeners: TurnEndListener[] = []

  add(listener: TurnEndListener): void {
    this.#listeners.push(listener)
  }

  /** Calls all of them. The loop receives what they throw. */
  call(loop: Pick<Kernel, 'blame'>): void {
    if (this.#listeners.length === 0) return
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) {
      try {
        listener.turnEnded()
      } catch (error) {
        loop.blame(error)
      }
    }
  }
}
