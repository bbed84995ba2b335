/**
 * The slider and the buttons by which a reader moves through the steps.
 */

import { fill, h, time } from './dom.js'
import type { Command } from './keys.js'

/** The time that a step is shown while playing. */
const PLAY_MS = 450

/** Moves through the steps. */
export class Transport {
  readonly element: HTMLElement
  readonly #slider = h('input', { type: 'range', min: 1, step: 1, 'aria-label': 'Step' })
  readonly #position = h('output', { class: 'position' })
  readonly #play: HTMLButtonElement
  readonly #onStep: () => boolean
  #timer: ReturnType<typeof setInterval> | null = null

  /** @param onStep takes a step forward, and returns whether there was one */
  constructor(onCommand: (command: Command) => void, onSeek: (step: number) => void, onStep: () => boolean) {
    this.#onStep = onStep
    const button = (command: Command, text: string, name: string): HTMLButtonElement =>
      h(
        'button',
        { type: 'button', 'aria-label': name, title: name, onclick: () => onCommand(command) },
        h('span', { 'aria-hidden': 'true' }, text),
      )
    this.#play = button('play', '▶', 'Play (Space)')
    this.#slider.addEventListener('input', () => onSeek(Number(this.#slider.value)))
    this.element = h(
      'div',
      { class: 'transport', role: 'group', 'aria-label': 'Steps' },
      button('back', '←', 'Previous step (←)'),
      button('forward', '→', 'Next step (→)'),
      this.#play,
      this.#slider,
      this.#position,
      button('cause', '↶ cause', 'Back to the cause (b)'),
      button('effect', 'effect ↷', 'Forward to what it caused (f)'),
    )
  }

  update(step: number, steps: number, t: number): void {
    this.#slider.max = String(Math.max(1, steps))
    this.#slider.value = String(step)
    this.#slider.disabled = steps < 2
    this.#slider.setAttribute('aria-valuetext', `step ${step} of ${steps}, ${time(t)}`)
    fill(
      this.#position,
      h('b', {}, step.toLocaleString('en')),
      ` of ${steps.toLocaleString('en')}`,
      h('span', { class: 'clock' }, time(t)),
    )
  }

  /** Begins to play, or stops. */
  toggle(): void {
    if (this.#timer === null) {
      this.#timer = setInterval(() => {
        if (!this.#onStep()) this.stop()
      }, PLAY_MS)
      this.#show('■', 'Stop (Space)')
    } else this.stop()
  }

  stop(): void {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#show('▶', 'Play (Space)')
  }

  #show(sign: string, name: string): void {
    fill(this.#play, h('span', { 'aria-hidden': 'true' }, sign))
    this.#play.title = name
    this.#play.setAttribute('aria-label', name)
  }
}
