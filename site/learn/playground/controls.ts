/**
 * The bar on top: what runs the program, and the world in which it runs.
 */

import { h } from '../viewer/dom.js'
import { PROGRAMS } from './programs.js'
import type { Settings } from './share.js'

/** What the bar does. */
export interface ControlsOwner {
  run(): void
  explore(): void
  stop(): void
  share(): Promise<string>
  choose(text: string): void
  changed(settings: Settings): void
}

/** The bar. */
export class Controls {
  readonly element: HTMLElement = h('header', { class: 'controls' })
  readonly #owner: ControlsOwner
  readonly #run = h('button', { type: 'button', class: 'primary', title: 'Run (Ctrl+Enter)' }, '▶ Run')
  readonly #every = h(
    'button',
    { type: 'button', title: 'Look for an order of steps in which the program fails' },
    'Every schedule',
  )
  readonly #share = h('button', { type: 'button', title: 'Copy a link to this program' }, 'Share')
  readonly #page = h('a', { target: '_blank', class: 'open-page', href: location.href }, 'Open in a page ↗')
  readonly #seed = numberField('Seed', 'The seed of all random choices', '1')
  readonly #latency = numberField('Latency', 'Milliseconds of a packet; empty: as in the program', 'ms')
  readonly #fragment = checkbox()
  readonly #shuffle = checkbox()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(owner: ControlsOwner, embedded: boolean) {
    this.#owner = owner
    this.#run.addEventListener('click', () => owner.run())
    this.#every.addEventListener('click', () => owner.explore())
    this.#share.addEventListener('click', () => void this.#copy())
    this.#page.addEventListener('pointerdown', () => void this.#update())
    this.#page.addEventListener('focus', () => void this.#update())
    const choice = h(
      'select',
      { 'aria-label': 'Program' },
      h('option', { value: '' }, 'Programs…'),
      ...Object.keys(PROGRAMS).map((title) => h('option', { value: title }, title)),
    )
    choice.addEventListener('change', () => {
      const text = PROGRAMS[choice.value]
      choice.value = ''
      if (text !== undefined) owner.choose(text)
    })
    const world = h(
      'div',
      { class: 'world', role: 'group', 'aria-label': 'World' },
      h('label', { title: this.#seed.title }, 'Seed ', this.#seed),
      h('label', { title: this.#latency.title }, 'Latency ', this.#latency),
      h('label', { title: 'Split what is sent at random' }, this.#fragment, ' Fragment'),
      h('label', { title: 'Choose the next task at random' }, this.#shuffle, ' Shuffle'),
    )
    for (const field of [this.#seed, this.#latency, this.#fragment, this.#shuffle]) {
      field.addEventListener('input', () => this.#change())
    }
    this.element.append(
      ...(embedded ? [] : [h('h1', {}, 'Playground'), choice]),
      this.#run,
      this.#every,
      ...(embedded ? [this.#page] : [world, this.#share]),
    )
  }

  get settings(): Settings {
    const seed = Number(this.#seed.value)
    const latency = Number(this.#latency.value)
    return {
      ...(this.#seed.value !== '' && Number.isSafeInteger(seed) ? { seed } : {}),
      ...(this.#latency.value !== '' && latency >= 0 && latency <= 60_000 ? { latency } : {}),
      ...(this.#fragment.checked ? { fragment: true } : {}),
      ...(this.#shuffle.checked ? { shuffle: true } : {}),
    }
  }

  set settings({ seed, latency, fragment = false, shuffle = false }: Settings) {
    this.#seed.value = seed === undefined ? '' : String(seed)
    this.#latency.value = latency === undefined ? '' : String(latency)
    this.#fragment.checked = fragment
    this.#shuffle.checked = shuffle
  }

  /** Whether the program has tasks, whose order could be another. */
  set schedules(has: boolean) {
    this.#every.hidden = !has
  }

  /** Whether something runs. */
  set busy(busy: boolean) {
    this.#every.disabled = busy
    this.element.setAttribute('aria-busy', String(busy))
  }

  #change(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#owner.changed(this.settings), 250)
  }

  /** Lets the link lead to the program as it is now. */
  async #update(): Promise<void> {
    this.#page.href = await this.#owner.share()
  }

  async #copy(): Promise<void> {
    const link = await this.#owner.share()
    try {
      await navigator.clipboard.writeText(link)
      this.#share.textContent = 'Copied'
    } catch {
      this.#share.textContent = 'The link is in the address bar' // Such as on a page of a file.
    }
    setTimeout(() => {
      this.#share.textContent = 'Share'
    }, 2_000)
  }
}

function numberField(label: string, title: string, placeholder: string): HTMLInputElement {
  return h('input', { type: 'number', min: '0', title, placeholder, 'aria-label': label })
}

function checkbox(): HTMLInputElement {
  return h('input', { type: 'checkbox' })
}
