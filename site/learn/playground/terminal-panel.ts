/**
 * The terminals: what was typed and what came back, up to the moment that is shown.
 */

import { fill, h, time } from '../viewer/dom.js'
import type { TerminalLine } from './protocol.js'

/** What the panel needs. */
export interface TerminalOwner {
  /** Types a line, at the moment that is shown; null ends the terminal's side. */
  type(id: string, data: string | null): void
  /** Forgets all that was typed. */
  forget(): void
}

/** The terminals of a program that listens. */
export class TerminalPanel {
  readonly element: HTMLElement = h('section', {
    class: 'terminals',
    'aria-label': 'Terminals',
    hidden: true,
  })
  readonly #owner: TerminalOwner
  readonly #screen = h('pre', {
    class: 'screen',
    role: 'log',
    tabindex: '0',
    'aria-label': 'What the terminal shows',
  })
  readonly #tabs = h('div', { class: 'terminal-tabs', role: 'group', 'aria-label': 'Terminals' })
  readonly #input = h('input', {
    ...{ type: 'text', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off' },
    'aria-label': 'Type a line into the terminal',
  })
  readonly #moment = h('span', { class: 'moment' })
  #lines: readonly TerminalLine[] = []
  #ids: string[] = ['terminal 1']
  #open = 'terminal 1'
  #t = 0

  constructor(owner: TerminalOwner) {
    this.#owner = owner
    const form = h(
      'form',
      {
        onsubmit: (event: SubmitEvent) => {
          event.preventDefault()
          const text = this.#input.value
          this.#input.value = ''
          owner.type(this.#open, `${text}\n`)
        },
      },
      h('span', { class: 'prompt', 'aria-hidden': 'true' }, '>'),
      this.#input,
      h('button', { type: 'submit' }, 'Send'),
      h('button', { type: 'button', title: 'Ends this side (Ctrl+D)', onclick: () => this.#end() }, 'End'),
    )
    this.#input.addEventListener('keydown', (event) => {
      if (event.ctrlKey && event.key === 'd') {
        event.preventDefault()
        this.#end()
      }
    })
    this.element.append(
      h(
        'header',
        {},
        h('h3', {}, 'Terminals'),
        this.#tabs,
        h('button', { type: 'button', onclick: () => this.#add() }, 'New'),
        h(
          'button',
          { type: 'button', title: 'Forget what was typed', onclick: () => this.#forget() },
          'Clear',
        ),
      ),
      this.#screen,
      form,
      this.#moment,
    )
  }

  /** Shows what a run has brought. */
  show(lines: readonly TerminalLine[], waits: boolean): void {
    this.#lines = lines
    for (const { id } of lines) if (!this.#ids.includes(id)) this.#ids.push(id)
    this.element.hidden = !waits && lines.length === 0
    this.#update()
  }

  /** Another moment is shown. */
  seek(t: number): void {
    this.#t = t
    this.#update()
  }

  focus(): void {
    this.#input.focus()
  }

  #update(): void {
    const shown = this.#lines.filter(({ id }) => id === this.#open)
    fill(
      this.#screen,
      ...shown.map(({ t, kind, text }) =>
        h('span', { class: `${kind}${t > this.#t ? ' later' : ''}` }, kind === 'note' ? `(${text})\n` : text),
      ),
    )
    this.#screen.scrollTop = this.#screen.scrollHeight
    this.#moment.textContent = `is typed at ${time(this.#t)}, the moment that is shown`
    fill(
      this.#tabs,
      ...this.#ids.map((id) =>
        h(
          'button',
          { type: 'button', 'aria-pressed': String(id === this.#open), onclick: () => this.#select(id) },
          id.replace('terminal ', ''),
        ),
      ),
    )
  }

  #select(id: string): void {
    this.#open = id
    this.#update()
    this.#input.focus()
  }

  #add(): void {
    const id = `terminal ${this.#ids.length + 1}`
    this.#ids.push(id)
    this.#select(id)
  }

  #end(): void {
    this.#owner.type(this.#open, null)
  }

  #forget(): void {
    this.#ids = ['terminal 1']
    this.#open = 'terminal 1'
    this.#owner.forget()
  }
}
