/**
 * Follows a program that a monitor shows: each message is a recording of its last moments. It stops
 * when the reader touches the viewer, which otherwise would go away under the hand.
 */

import { h } from './dom.js'

/**
 * Follows a stream.
 *
 * @param address of the stream
 * @param show shows a recording, as text
 * @returns a button that stops and continues, and what is wrong
 */
export function follow(address: string, show: (text: string) => void): HTMLElement[] {
  let source: EventSource | null = null
  const button = h(
    'button',
    { type: 'button', class: 'live', onclick: () => (source ? stop() : start()) },
    '',
  )
  const state = h('span', { class: 'note', role: 'status' })
  const stop = (): void => {
    source?.close()
    source = null
    button.textContent = 'Follow'
    state.textContent = ''
  }
  const start = (): void => {
    source = new EventSource(address)
    source.onmessage = ({ data }) => {
      state.textContent = ''
      show(`${data}\n`)
    }
    source.addEventListener('problem', ({ data }) => {
      state.textContent = `${data}`
    })
    source.onerror = () => {
      state.textContent = 'The program does not answer.'
    }
    button.textContent = 'Stop here'
  }
  const touched = ({ target }: Event): void => {
    if (source !== null && target !== button) stop()
  }
  for (const kind of ['pointerdown', 'keydown']) document.addEventListener(kind, touched, true)
  start()
  return [button, state]
}
