/**
 * Panels of which one is in view.
 */

import { h } from './dom.js'

let groups = 0

/** Panels with a tab for each. */
export class Tabs {
  readonly element: HTMLElement
  readonly #tabs: ReadonlyMap<string, { readonly tab: HTMLButtonElement; readonly panel: HTMLElement }>
  readonly #onOpen: () => void
  #opened = ''

  constructor(panels: readonly (readonly [title: string, panel: HTMLElement])[], onOpen: () => void) {
    this.#onOpen = onOpen
    const group = ++groups
    this.#tabs = new Map(
      panels.map(([title, content]) => {
        const id = `bluelet-${group}-${title}`
        const panel = h(
          'div',
          { class: 'tab-panel', role: 'tabpanel', id, 'aria-labelledby': `${id}-tab` },
          content,
        )
        const tab = h(
          'button',
          {
            ...{ type: 'button', role: 'tab', id: `${id}-tab`, 'aria-controls': id },
            onclick: () => this.open(title),
          },
          title,
        )
        return [title, { tab, panel }]
      }),
    )
    const list = h(
      'div',
      { class: 'tabs', role: 'tablist' },
      ...[...this.#tabs.values()].map(({ tab }) => tab),
    )
    list.addEventListener('keydown', ({ key }) => {
      if (key === 'ArrowRight') this.#walk(1)
      else if (key === 'ArrowLeft') this.#walk(-1)
    })
    this.element = h(
      'section',
      { class: 'pane tabbed' },
      list,
      ...[...this.#tabs.values()].map(({ panel }) => panel),
    )
    this.#show(panels[0]?.[0] ?? '')
  }

  /** Whether a panel is in view. */
  isOpen(title: string): boolean {
    return this.#opened === title
  }

  open(title: string): void {
    this.#show(title)
    this.#onOpen()
  }

  /** Hides a tab, or shows it again. */
  hide(title: string, hidden: boolean): void {
    const tab = this.#tabs.get(title)?.tab
    if (tab === undefined) return
    tab.hidden = hidden
    if (hidden && tab.getAttribute('aria-selected') === 'true') this.open([...this.#tabs.keys()][0] ?? '')
  }

  #show(title: string): void {
    for (const [name, { tab, panel }] of this.#tabs) {
      tab.setAttribute('aria-selected', String(name === title))
      tab.tabIndex = name === title ? 0 : -1
      panel.hidden = name !== title
    }
    this.#opened = title
  }

  #walk(by: 1 | -1): void {
    const open = [...this.#tabs].filter(([, { tab }]) => !tab.hidden)
    const at = open.findIndex(([, { tab }]) => tab.getAttribute('aria-selected') === 'true')
    const next = open[(at + by + open.length) % open.length]
    if (next === undefined) return
    this.open(next[0])
    next[1].tab.focus()
  }
}
