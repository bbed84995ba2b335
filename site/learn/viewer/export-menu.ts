/**
 * The trace in other formats, as downloads.
 */

import { stringify, type Trace, toChrome, toMermaid, toOTLP, toSVG, toText } from '@bluelet/scheduler/trace'
import { h } from './dom.js'
import { download } from './downloads.js'

interface Format {
  readonly title: string
  readonly ending: string
  readonly type: string
  make(trace: Trace): string
}

const FORMATS: readonly Format[] = [
  { title: 'Text (.txt)', ending: 'txt', type: 'text/plain', make: toText },
  { title: 'Picture (.svg)', ending: 'svg', type: 'image/svg+xml', make: (trace) => toSVG(trace) },
  { title: 'Mermaid (.mmd)', ending: 'mmd', type: 'text/plain', make: (trace) => toMermaid(trace) },
  { title: 'Chrome, Perfetto (.json)', ending: 'json', type: 'application/json', make: toChrome },
  {
    title: 'OpenTelemetry (.json)',
    ending: 'otlp.json',
    type: 'application/json',
    make: (trace) => toOTLP(trace),
  },
  { title: 'Trace (.jsonl)', ending: 'jsonl', type: 'application/x-ndjson', make: stringify },
]

/** A menu of formats. */
export function exportMenu(current: () => { trace: Trace; name: string } | null): HTMLElement {
  const details = h('details', { class: 'menu' })
  const failed = h('p', { class: 'note', role: 'status' })
  const items = FORMATS.map(({ title, ending, type, make }) =>
    h(
      'button',
      {
        type: 'button',
        role: 'menuitem',
        onclick: () => {
          const shown = current()
          if (shown === null) return
          try {
            download(`${shown.name}.${ending}`, type, make(shown.trace))
            failed.textContent = ''
            details.open = false
          } catch (error) {
            failed.textContent = error instanceof Error ? error.message : String(error)
          }
        },
      },
      title,
    ),
  )
  details.append(
    h('summary', {}, 'Export'),
    h('div', { class: 'menu-items', role: 'menu', 'aria-label': 'Export' }, ...items, failed),
  )
  details.addEventListener('keydown', (event) => {
    const at = items.indexOf(document.activeElement as HTMLButtonElement)
    if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus()
    else if (event.key === 'ArrowUp') items.at(at - 1)?.focus()
    else if (event.key === 'Escape') {
      details.open = false
      details.querySelector('summary')?.focus()
    } else return
    event.preventDefault()
  })
  // It closes when the focus goes elsewhere.
  details.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !details.contains(relatedTarget)) details.open = false
  })
  return details
}
