/**
 * A search in the events of a trace: names of tasks, events, values, output.
 */

import type { TraceEvent } from '@bluelet/scheduler/trace'
import { fill, h } from './dom.js'
import type { Timeline } from './timeline.js'

/** The fields in which is searched. */
const FIELDS = ['name', 'ev', 'value', 'error', 'text', 'data', 'msg', 'at'] as const

/** A search. */
export class FindBar {
  readonly element = h('form', { class: 'find', role: 'search', hidden: true })
  readonly #input = h('input', {
    type: 'search',
    'aria-label': 'Find in the trace',
    placeholder: 'Task, event, value or output',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => this.#search(),
  })
  readonly #count = h('span', { class: 'find-count', role: 'status' })
  readonly #onSeek: (step: number) => void
  #index: Timeline | null = null
  /** The steps that were found, in order. */
  #found: number[] = []
  #step = 1

  constructor(onSeek: (step: number) => void, onClose: () => void) {
    this.#onSeek = onSeek
    const button = (text: string, act: () => void): HTMLElement =>
      h('button', { type: 'button', onclick: act }, text)
    fill(
      this.element,
      this.#input,
      this.#count,
      button('Previous', () => this.next(-1)),
      button('Next', () => this.next(1)),
      button('Close', onClose),
    )
    this.element.addEventListener('submit', (event) => {
      event.preventDefault()
      this.next(1)
    })
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') onClose()
      if (event.key === 'Enter' && event.shiftKey) {
        event.preventDefault()
        this.next(-1)
      }
    })
  }

  show(index: Timeline): void {
    this.#index = index
    this.#search()
  }

  open(): void {
    this.element.hidden = false
    this.#input.focus()
    this.#input.select()
  }

  close(): void {
    this.element.hidden = true
  }

  seek(step: number): void {
    this.#step = step
    this.#tell()
  }

  /** Goes to the next step that was found, or to the one before. */
  next(by: 1 | -1): void {
    const after =
      by > 0
        ? (this.#found.find((step) => step > this.#step) ?? this.#found[0])
        : (this.#found.findLast((step) => step < this.#step) ?? this.#found.at(-1))
    if (after !== undefined) this.#onSeek(after)
  }

  #search(): void {
    const index = this.#index
    const words = this.#input.value.trim().toLowerCase()
    this.#found = []
    if (index !== null && words !== '') {
      const steps = new Set<number>()
      for (const event of index.trace.events) {
        if (textOf(event, index).includes(words)) steps.add(Math.max(1, index.stepOf(event.n)))
      }
      this.#found = [...steps]
    }
    this.#tell()
  }

  #tell(): void {
    if (this.#input.value.trim() === '') this.#count.textContent = ''
    else if (this.#found.length === 0) this.#count.textContent = 'not found'
    else {
      const at = this.#found.indexOf(this.#step)
      this.#count.textContent =
        at < 0 ? `${this.#found.length} steps` : `${at + 1} of ${this.#found.length} steps`
    }
  }
}

function textOf(event: TraceEvent, index: Timeline): string {
  const fields = event as unknown as Readonly<Record<string, unknown>> // Only strings are taken.
  const found = FIELDS.map((field) => fields[field]).filter((value) => typeof value === 'string')
  if (event.e === 'resume' || event.e === 'exit') found.push(index.label(event.co))
  return found.join('\n').toLowerCase()
}
