/**
 * The keys of the viewer, and the list of them that `?` shows.
 */

import { fill, h } from './dom.js'

/** What a key does. */
export type Command =
  | 'back'
  | 'forward'
  | 'taskBack'
  | 'taskForward'
  | 'first'
  | 'last'
  | 'cause'
  | 'effect'
  | 'play'
  | 'axis'
  | 'library'
  | 'predict'
  | 'find'
  | 'zoomIn'
  | 'zoomOut'
  | 'zoomAll'
  | 'help'

const KEYS: readonly (readonly [keys: string, shown: string, command: Command, text: string])[] = [
  ['ArrowRight', '→', 'forward', 'next step'],
  ['ArrowLeft', '←', 'back', 'previous step'],
  ['Shift+ArrowRight', 'Shift →', 'taskForward', 'next step of the same task'],
  ['Shift+ArrowLeft', 'Shift ←', 'taskBack', 'previous step of the same task'],
  ['Home', 'Home', 'first', 'first step'],
  ['End', 'End', 'last', 'last step'],
  ['b', 'b', 'cause', 'back to the cause of this step'],
  ['f', 'f', 'effect', 'forward to what this step caused'],
  [' ', 'Space', 'play', 'play, or stop'],
  ['t', 't', 'axis', 'time or steps on the axis'],
  ['l', 'l', 'library', 'show or hide tasks of the library'],
  ['p', 'p', 'predict', 'predict which task runs next'],
  ['/', '/', 'find', 'find'],
  ['+', '+', 'zoomIn', 'wider steps'],
  ['-', '−', 'zoomOut', 'narrower steps'],
  ['0', '0', 'zoomAll', 'the whole trace at once'],
  ['?', '?', 'help', 'this list'],
]

/**
 * The command of a key; undefined if it has none, or if it is meant for the element that has it.
 */
export function commandOf(event: KeyboardEvent): Command | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return undefined
  const target = event.target instanceof Element ? event.target : null
  const { key } = event
  if (target?.closest('input:not([type=range]), textarea, select, [contenteditable], dialog') != null) {
    return undefined
  }
  // A button is pressed by the space bar, and a menu is walked through by arrows.
  if (key === ' ' && target?.closest('button, summary, a') != null) return undefined
  if (target?.closest('[role=menu], [role=tablist]') != null && /^(Arrow|Home|End)/.test(key))
    return undefined
  const name = event.shiftKey && key.startsWith('Arrow') ? `Shift+${key}` : key
  const plain = name === '=' ? '+' : name
  return KEYS.find(([keys]) => keys === plain)?.[2]
}

/** The list of keys. */
export function helpDialog(): HTMLDialogElement {
  const dialog = h('dialog', { class: 'help', 'aria-label': 'Keys' })
  fill(
    dialog,
    h('h2', {}, 'Keys'),
    h(
      'dl',
      {},
      ...KEYS.flatMap(([, shown, , text]) => [
        h('dt', {}, ...shown.split(' ').map((key) => h('kbd', {}, key))),
        h('dd', {}, text),
      ]),
    ),
    h('form', { method: 'dialog' }, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close')),
  )
  // A click beside the dialog closes it.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  return dialog
}
