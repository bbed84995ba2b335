/**
 * The steps as a table: the same as the lanes, for screen readers, for people who prefer text, and
 * for print.
 */

import { beforeFrame, fill, h, time } from './dom.js'
import type { Timeline } from './timeline.js'
import { did, received } from './words.js'

/** The rows on a page of the screen, and on paper. */
const ROWS = 100
const MAX_PRINTED = 2_000

/** Why a step was taken, in words. */
export type Reason = (step: number) => string

/** The steps of a trace as a table. */
export class StepsTable {
  readonly element = h('div', { class: 'steps-table' })
  /** What is printed instead of the lanes; it is filled when printing begins. */
  readonly printed = h('div', { class: 'printed' })
  readonly #onSeek: (step: number) => void
  readonly #reason: Reason
  #index: Timeline | null = null
  #rows: readonly HTMLElement[] = []
  /** The first step of the page of rows. */
  #from = 1
  #step = 1
  /** Whether it is in view. Otherwise nothing is made. */
  #open = false

  readonly #reveal = (): void => {
    const row = this.#rows[this.#step - this.#from]
    const scroll = this.element.querySelector('.table-scroll')
    if (row === undefined || scroll === null) return
    const { offsetTop: top, offsetHeight: height } = row
    if (top < scroll.scrollTop + 2 * height || top + height > scroll.scrollTop + scroll.clientHeight) {
      scroll.scrollTop = top - scroll.clientHeight / 2
    }
  }

  constructor(onSeek: (step: number) => void, reason: Reason) {
    this.#onSeek = onSeek
    this.#reason = reason
    addEventListener('beforeprint', () => this.#print())
    addEventListener('afterprint', () => this.printed.replaceChildren())
  }

  show(index: Timeline): void {
    this.#index = index
    this.#rows = []
    this.#from = 1
  }

  set open(open: boolean) {
    this.#open = open
    if (open) this.seek(this.#step)
  }

  seek(step: number): void {
    this.#step = step
    if (!this.#open || this.#index === null) return
    const from = Math.floor((step - 1) / ROWS) * ROWS + 1
    if (from !== this.#from || this.#rows.length === 0) this.#page(from)
    for (const row of this.#rows) row.removeAttribute('aria-current')
    this.#rows[step - from]?.setAttribute('aria-current', 'step')
    beforeFrame(this.#reveal)
  }

  #page(from: number): void {
    const index = this.#index as Timeline // It is shown.
    const to = Math.min(from + ROWS - 1, index.stepCount)
    this.#from = from
    this.#rows = this.#made(from, to, true)
    const page = (title: string, step: number): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          class: 'plain',
          disabled: step < 1 || step > index.stepCount,
          onclick: () => this.#onSeek(step),
        },
        title,
      )
    fill(
      this.element,
      h('div', { class: 'table-scroll', tabindex: '0' }, table(this.#rows)),
      index.stepCount > ROWS &&
        h(
          'p',
          { class: 'pages' },
          page('Earlier', from - ROWS),
          ` steps ${from} to ${to} of ${index.stepCount} `,
          page('Later', from + ROWS),
        ),
    )
  }

  #made(from: number, to: number, active: boolean): HTMLElement[] {
    const index = this.#index as Timeline // It is shown.
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => {
      const step = from + i
      const resume = index.resume(step)
      const number = active
        ? h('button', { type: 'button', class: 'plain', onclick: () => this.#onSeek(step) }, step)
        : String(step)
      return h(
        'tr',
        {},
        h('th', { scope: 'row' }, number),
        h('td', { class: 'number' }, time(resume.t)),
        h('td', { class: 'name' }, index.label(resume.co)),
        h('td', {}, this.#reason(step)),
        h('td', {}, received(resume).replace(/^received /, '')),
        h('td', {}, did(index.result(step))),
      )
    })
  }

  #print(): void {
    const index = this.#index
    if (index === null) return
    const to = Math.min(index.stepCount, MAX_PRINTED)
    fill(
      this.printed,
      table(this.#made(1, to, false)),
      to < index.stepCount && h('p', {}, `The first ${to} of ${index.stepCount} steps.`),
    )
  }
}

function table(rows: readonly HTMLElement[]): HTMLElement {
  const heads = ['Step', 'Time', 'Task', 'Ran because', 'Received', 'Then it']
  return h(
    'table',
    {},
    h('caption', {}, 'The steps of the trace'),
    h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, ...rows),
  )
}
