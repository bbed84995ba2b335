/**
 * A lesson beside its program: what to look at, what to predict, what to change, and whether it is
 * right.
 */

import { needsExploration, type Outcome, wrong } from '../lessons/checks.js'
import type { Lesson, LessonStep } from '../lessons/lesson.js'
import { fill, h } from '../viewer/dom.js'

/** What the panel needs. */
export interface LessonOwner {
  /** Runs the program. */
  run(): void
  /** Shows the first step of a task, or the `last` step of all. */
  seek(what: string): void
  /** Looks for an order of the steps in which the program fails; null: there is none. */
  failing(): Promise<string | null | undefined>
}

/** A lesson, step by step. */
export class LessonPanel {
  readonly element: HTMLElement = h('section', { class: 'lesson', 'aria-label': 'Lesson' })
  readonly #lesson: Lesson
  readonly #owner: LessonOwner
  readonly #verdict = h('p', { class: 'verdict', role: 'status' })
  #step = 0
  /** The answer that the reader has chosen. */
  #answer: string | null = null
  /** The latest run. */
  #outcome: Outcome | null = null
  #edited = false

  constructor(lesson: Lesson, owner: LessonOwner) {
    this.#lesson = lesson
    this.#owner = owner
    this.#show()
  }

  /** Whether the program must not run before the reader has predicted. */
  get waitsForAnswer(): boolean {
    return this.#current.predict !== undefined && this.#answer === null
  }

  /** The program has been changed. */
  change(): void {
    this.#edited = true
  }

  /** The program has run. */
  async judge(outcome: Outcome): Promise<void> {
    this.#outcome = outcome
    const { check, edit } = this.#current
    const reasons = wrong(check, { ...outcome, failing: null })
    if (edit === true && !this.#edited) this.#tell(false, ['Change the program.'])
    else if (reasons.length > 0) this.#tell(false, edit === true ? reasons : [])
    else if (edit === true && needsExploration(check)) {
      this.#tell(false, ['Tries every order of the steps…'])
      const failing = await this.#owner.failing()
      if (this.#outcome !== outcome) return // Another run has begun.
      const late = wrong(check, { ...outcome, ...(failing === undefined ? {} : { failing }) })
      this.#tell(late.length === 0, late)
    } else this.#tell(true, [])
  }

  get #current(): LessonStep {
    return this.#lesson.steps[this.#step] as LessonStep // A lesson has steps.
  }

  #show(): void {
    const { steps, title } = this.#lesson
    const { text, predict, seek } = this.#current
    this.#answer = null
    fill(this.#verdict)
    fill(
      this.element,
      h(
        'header',
        {},
        h('h2', {}, title),
        h('span', { class: 'place' }, `${this.#step + 1} of ${steps.length}`),
        this.#button('‹ Back', -1, this.#step > 0),
        this.#button('Next ›', 1, this.#step + 1 < steps.length),
      ),
      h('p', {}, text),
      predict !== undefined && this.#question(predict),
      this.#verdict,
    )
    if (this.#outcome !== null && predict === undefined) void this.judge(this.#outcome)
    if (this.#outcome !== null && seek !== undefined) this.#owner.seek(seek)
  }

  #question({ question, answers }: NonNullable<LessonStep['predict']>): HTMLElement {
    const [right] = answers
    const buttons = [...answers]
      .sort((a, b) => (mixed(a) < mixed(b) ? -1 : 1))
      .map((answer) => {
        const button = h('button', { type: 'button' }, answer)
        button.addEventListener('click', () => {
          for (const other of buttons) other.classList.remove('right', 'wrong')
          button.classList.add(answer === right ? 'right' : 'wrong')
          button.textContent = `${answer === right ? '✓' : '✗'} ${answer}`
          this.#answer = answer
          this.#owner.run()
        })
        return button
      })
    return h(
      'div',
      { class: 'question', role: 'group', 'aria-label': question },
      h('p', {}, question),
      ...buttons,
    )
  }

  #tell(done: boolean, reasons: readonly string[]): void {
    const { predict, edit } = this.#current
    const [right] = predict?.answers ?? []
    const last = this.#step + 1 === this.#lesson.steps.length
    const words = !done
      ? reasons
      : predict !== undefined
        ? [this.#answer === right ? 'You were right.' : `It is this: ${right}.`]
        : edit === true
          ? [last ? 'Right. That was the lesson.' : 'Right.']
          : []
    this.#verdict.className = `verdict ${done ? 'done' : 'open'}`
    fill(this.#verdict, words.length > 0 && (done ? '✓ ' : '○ '), words.join(' '))
  }

  #button(text: string, by: 1 | -1, enabled: boolean): HTMLButtonElement {
    const go = (): void => {
      this.#step += by
      this.#show()
      this.element.querySelector('button')?.focus()
    }
    return h('button', { type: 'button', disabled: !enabled, onclick: go }, text)
  }
}

/** A text to sort by, which says nothing about the answer. */
function mixed(text: string): string {
  return [...text].reverse().join('')
}
