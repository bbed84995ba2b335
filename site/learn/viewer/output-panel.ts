/**
 * What the program has printed by now, what was typed into it, and what looks wrong. Each line
 * belongs to the step in which it came.
 */

import { beforeFrame, fill, h } from './dom.js'
import type { Note, Timeline } from './timeline.js'

/** Of more lines the latest are shown. */
const MAX_LINES = 100

const HOW = { log: 'printed', input: 'typed', warn: 'noticed' } as const

function textOf(note: Note): string {
  if (note.e === 'log') return note.text
  return note.e === 'input' ? `${note.id} › ${note.data}` : `⚠ ${note.msg} (${note.rule})`
}

/** The output of a program up to a step. */
export class OutputPanel {
  readonly element = h('div', { class: 'output', tabindex: '0', role: 'log', 'aria-live': 'off' })
  readonly #onSeek: (step: number) => void
  #index: Timeline | null = null
  /** The step of each line, and the lines that were made. */
  #steps: readonly number[] = []
  #lines: (HTMLElement | undefined)[] = []
  #end = -1
  #now: readonly HTMLElement[] = []
  readonly #reveal = (): void => {
    this.element.scrollTop = this.element.scrollHeight
  }

  constructor(onSeek: (step: number) => void) {
    this.#onSeek = onSeek
  }

  show(index: Timeline): void {
    this.#index = index
    this.#steps = index.notes.map(({ n }) => index.stepOf(n))
    this.#lines = []
    this.#end = -1
  }

  seek(step: number): void {
    if (this.#index === null) return
    const after = this.#steps.findIndex((of) => of > step)
    const end = after < 0 ? this.#steps.length : after
    const begin = Math.max(0, end - MAX_LINES)
    if (end !== this.#end) {
      this.#end = end
      fill(
        this.element,
        begin > 0 && h('p', { class: 'note' }, `${begin} earlier lines are not shown.`),
        ...this.#steps.slice(begin, end).map((_, i) => this.#line(begin + i)),
        end === 0 && h('p', { class: 'note' }, 'Nothing printed yet.'),
      )
      beforeFrame(this.#reveal)
    }
    for (const line of this.#now) line.classList.remove('now')
    this.#now = this.#steps.flatMap((of, i) => (of === step ? [this.#line(i)] : []))
    for (const line of this.#now) line.classList.add('now')
  }

  #line(i: number): HTMLElement {
    const index = this.#index as Timeline // It is shown.
    const made = this.#lines[i]
    if (made !== undefined) return made
    const note = index.notes[i] as Note // There is a step for each.
    const step = this.#steps[i] ?? 0
    const line = h(
      'button',
      {
        type: 'button',
        class: `log ${note.e}`,
        title: `${HOW[note.e]} in step ${step}${note.e !== 'log' || note.co === null ? '' : ` by ${index.label(note.co)}`}`,
        onclick: () => this.#onSeek(step),
      },
      h('span', { class: 'log-step' }, step),
      h('span', { class: 'log-text' }, textOf(note)),
    )
    this.#lines[i] = line
    return line
  }
}
