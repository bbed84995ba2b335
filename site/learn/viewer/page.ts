/**
 * The page of `viewer.html`: shows the trace that is embedded in it, or a file that the reader
 * chooses or drops.
 */

import { h } from './dom.js'
import { follow } from './live.js'
import { load } from './load.js'
import { mountViewer } from './viewer.js'

const choose = h('input', {
  type: 'file',
  accept: '.jsonl,.ndjson,.json,.txt',
  hidden: true,
  'aria-label': 'A trace',
  onchange: () => {
    const [file] = choose.files ?? []
    if (file !== undefined) void open(file, file.name)
    choose.value = '' // The same file may be chosen again.
  },
})
const title = h('h1', {}, 'Bluelet trace')
const viewer = mountViewer(document.body, {
  pageKeys: true,
  bar: [
    title,
    h('button', { type: 'button', class: 'open', onclick: () => choose.click() }, 'Open…'),
    choose,
  ],
})

const meter = h('progress', { max: 1, value: 0, 'aria-label': 'Reading the trace' })
const state = h('p', { class: 'page-state', role: 'status' })
const cancel = h('button', { type: 'button', onclick: () => loading?.abort() }, 'Cancel')
const box = h('div', { class: 'page-box', hidden: true }, state, meter, cancel)
const failure = h('div', { class: 'page-failure', role: 'alert', hidden: true })
document.querySelector('.bluelet-viewer > .bar')?.after(box, failure)

let loading: AbortController | null = null

/**
 * Reads a trace and shows it. What was shown stays until then, or if that fails.
 *
 * @param atEnd whether the last step is shown, in place of the first one
 */
async function open(source: Blob | string, name: string, atEnd = false): Promise<void> {
  loading?.abort()
  const mine = new AbortController()
  loading = mine
  failure.hidden = true
  box.hidden = false
  state.textContent = `Reading ${name} …`
  meter.value = 0
  try {
    const progress = (part: number): void => {
      meter.value = part
    }
    const { trace, note } = await load(source, progress, mine.signal)
    if (loading !== mine) return
    const at = atEnd ? trace.events.at(-1)?.n : undefined
    viewer.show(trace, { name: name.replace(/\.\w+$/, ''), note, ...(at === undefined ? {} : { at }) })
    if (typeof source !== 'string') {
      title.textContent = name
      document.title = `${name} – Bluelet trace`
    }
    document.body.classList.remove('empty')
  } catch (error) {
    if (mine.signal.aborted) return
    failure.hidden = false
    const reason = error instanceof Error ? error.message : String(error)
    failure.replaceChildren(
      h('b', {}, `${typeof source === 'string' ? 'The trace of this page' : name} cannot be shown.`),
      h('span', {}, ` ${reason}`),
      h('button', { type: 'button', onclick: () => choose.click() }, 'Open another file'),
    )
  } finally {
    if (loading === mine) {
      loading = null
      box.hidden = true
    }
  }
}

addEventListener('dragover', (event) => {
  event.preventDefault()
  document.body.classList.add('dropping')
})
addEventListener('dragleave', ({ relatedTarget }) => {
  if (relatedTarget === null) document.body.classList.remove('dropping')
})
addEventListener('drop', (event) => {
  event.preventDefault()
  document.body.classList.remove('dropping')
  const [file] = event.dataTransfer?.files ?? []
  if (file !== undefined) void open(file, file.name)
})

document.body.classList.add('empty')
failure.after(
  h(
    'div',
    { class: 'page-empty' },
    h('p', {}, 'Drop a trace here, a file that ends in .jsonl, or choose one.'),
    h('button', { type: 'button', onclick: () => choose.click() }, 'Choose a file'),
    h('p', { class: 'note' }, 'The file stays on this machine: this page requests nothing.'),
  ),
)
const embedded = document.getElementById('bluelet-trace')
const text = embedded?.textContent ?? ''
embedded?.remove() // Its text is as large as the trace.
// A page that a monitor serves follows a program. Any other page requests nothing.
const live = document.querySelector<HTMLMetaElement>('meta[name="bluelet-live"]')
if (live !== null) title.after(...follow(live.content, (recording) => void open(recording, 'live', true)))
else if (text !== '') void open(text, 'trace')
