/**
 * The page of the playground: what the link contains, or a program to begin with.
 */

import { h } from '../viewer/dom.js'
import { Playground } from './playground.js'
import { PROGRAMS } from './programs.js'
import { Sandbox } from './sandbox.js'
import { decode, type Shared } from './share.js'

const MAIN = 'program.ts'

async function begin(): Promise<void> {
  const root = document.getElementById('playground')
  if (root === null) return
  const embedded = window !== window.parent
  const sandbox = new Sandbox()
  let damaged: string | null = null
  const shared = await linked().catch((error: unknown) => {
    damaged = error instanceof Error ? error.message : String(error)
    return null
  })
  await sandbox.begun()
  const first = Object.values(PROGRAMS)[0] ?? ''
  const usual: Shared = { program: { main: MAIN, files: { [MAIN]: first } }, settings: {} }
  if (damaged !== null) root.append(h('p', { class: 'status bad', role: 'alert' }, damaged))
  const playground = new Playground(root, { shared: shared ?? usual, sandbox, embedded })
  if (!playground.waitsForPrediction) playground.run()
  if (embedded) tellHeight(root)
}

/** Lets the page around be as high as this one needs. */
function tellHeight(root: HTMLElement): void {
  new ResizeObserver(() => {
    const blueletHeight = Math.ceil(root.getBoundingClientRect().height)
    // Any page may show this one, and may know how high it is.
    window.parent.postMessage({ blueletHeight }, '*')
  }).observe(root)
}

/** What the link contains; null if it contains nothing. */
async function linked(): Promise<Shared | null> {
  const text = location.hash.slice(1)
  return text === '' ? null : await decode(text)
}

void begin()
// Another link to this page changes only what is behind the `#`.
addEventListener('hashchange', () => location.reload())
