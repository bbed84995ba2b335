/**
 * The sentence on top: which task ran, why, what it received, and what it did.
 */

import { fill, h } from './dom.js'
import type { Timeline } from './timeline.js'
import { did, received } from './words.js'

/** The sentence of a step. */
export class WhyBar {
  readonly element = h('p', { class: 'why', 'aria-live': 'polite' })

  /** @param reason the rest of a sentence that begins with "it ran because" */
  update(index: Timeline, step: number, reason: string, onTask: (task: number) => void): void {
    const resume = index.resume(step)
    const { co } = resume
    const given = received(resume)
    fill(
      this.element,
      h('button', { type: 'button', class: 'name', onclick: () => onTask(co) }, index.label(co)),
      ' ran because ',
      h('span', { class: 'reason' }, reason),
      '. ',
      h('span', { class: 'then' }, `It ${given === '' ? '' : `${given} and `}${did(index.result(step))}.`),
    )
  }

  /** Says something else instead. */
  tell(text: string): void {
    fill(this.element, text)
  }
}
