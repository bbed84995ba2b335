/**
 * "Which task runs next?": asks before it shows. The answer is in the trace.
 */

import type { Picture } from '@bluelet/scheduler/trace'
import { fill, h } from './dom.js'
import type { Timeline } from './timeline.js'

/** More tasks are not offered. */
const MAX_CHOICES = 8

/** A question about the next step. */
export class Predict {
  readonly element = h('section', { class: 'predict', 'aria-label': 'Predict', hidden: true })
  readonly #onNext: () => void
  readonly #reason: (step: number) => string
  readonly #answer = h('p', { class: 'answer', role: 'status' })
  /** The steps that were asked about, and whether the first answer was right. */
  readonly #answers = new Map<number, boolean>()

  constructor(reason: (step: number) => string, onNext: () => void) {
    this.#reason = reason
    this.#onNext = onNext
  }

  show(): void {
    this.#answers.clear()
  }

  get on(): boolean {
    return !this.element.hidden
  }

  set on(on: boolean) {
    this.element.hidden = !on
  }

  /** Asks which step follows this one. */
  ask(index: Timeline, step: number, picture: Picture, library: boolean): void {
    if (!this.on) return
    if (step >= index.stepCount) {
      fill(this.element, h('p', {}, 'This was the last step.'), this.#score())
      return
    }
    const next = index.resume(step + 1).co
    const waiting = picture.tasks.filter(({ waitsFor }) => waitsFor !== null).map(({ id }) => id)
    const others = [...picture.ready, ...waiting].filter(
      (id) => id !== next && (library || index.lane(id)?.library !== true),
    )
    const choices = [next, ...others.slice(0, MAX_CHOICES - 1)].sort((a, b) => a - b)
    fill(this.#answer, '')
    const buttons = choices.map((id) => {
      const button = h(
        'button',
        { type: 'button', onclick: () => this.#choose(index, step, id, button) },
        index.label(id),
      )
      return button
    })
    fill(
      this.element,
      h('p', { class: 'question' }, 'Which task runs next?'),
      h('div', { class: 'choices' }, ...buttons),
      this.#answer,
      this.#score(),
    )
  }

  #choose(index: Timeline, step: number, id: number, button: HTMLElement): void {
    const next = index.resume(step + 1).co
    const right = id === next
    if (!this.#answers.has(step)) this.#answers.set(step, right)
    button.classList.add(right ? 'right' : 'wrong')
    fill(
      this.#answer,
      right ? '✓ Yes. ' : `✗ No: ${index.label(id)} does not run next. `,
      right && this.#reason(step + 1),
      right && h('button', { type: 'button', class: 'go', onclick: this.#onNext }, 'Go on'),
    )
    if (right) this.#answer.querySelector('button')?.focus()
  }

  #score(): HTMLElement | false {
    const all = [...this.#answers.values()]
    if (all.length === 0) return false
    return h('p', { class: 'note' }, `${all.filter(Boolean).length} of ${all.length} predicted at once`)
  }
}
