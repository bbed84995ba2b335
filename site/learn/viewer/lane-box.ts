/**
 * The lanes with their legend and their buttons.
 */

import { fill, h } from './dom.js'
import type { Command } from './keys.js'
import type { Lanes } from './lanes.js'

const LEGEND = [
  ['runs', 'runs'],
  ['ready', 'ready'],
  ['waits', 'waits'],
  ['cleans', 'cleans up'],
  ['caused', 'cause'],
] as const

/** The lanes with their legend and their buttons. */
export function laneBox(
  lanes: Lanes,
  onCommand: (command: Command) => void,
): { element: HTMLElement; update(library: boolean, hasLibrary: boolean): void } {
  const button = (command: Command, name: string, ...text: string[]): HTMLButtonElement =>
    h(
      'button',
      { type: 'button', title: name, 'aria-label': name, onclick: () => onCommand(command) },
      ...text,
    )
  const axis = button('axis', 'Time or steps on the axis (t)')
  const library = button('library', 'Show or hide tasks of the library (l)', 'Library tasks')
  const element = h(
    'section',
    { class: 'pane lane-box', 'aria-label': 'Lanes' },
    h(
      'div',
      { class: 'lane-bar' },
      h('h3', {}, 'Lanes'),
      h(
        'ul',
        { class: 'legend', 'aria-hidden': 'true' },
        ...LEGEND.map(([name, text]) => h('li', {}, h('span', { class: `sign ${name}` }), text)),
      ),
      h(
        'div',
        { class: 'tools' },
        library,
        axis,
        button('zoomOut', 'Narrower steps (−)', '−'),
        button('zoomIn', 'Wider steps (+)', '+'),
        button('zoomAll', 'The whole trace at once (0)', 'All'),
      ),
    ),
    lanes.element,
  )
  return {
    element,
    update(shown, hasLibrary) {
      fill(axis, lanes.axis === 'steps' ? 'By steps' : 'By time')
      library.hidden = !hasLibrary
      library.setAttribute('aria-pressed', String(shown))
    },
  }
}
