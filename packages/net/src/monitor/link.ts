/**
 * Questions of the monitor's thread to the monitored one, which may be busy for long.
 */

import type { Answer, Question } from './messages.js'

/** Questions that wait for their answers. */
export class Link {
  readonly #post: (question: Question) => void
  readonly #waiting = new Map<number, { text: string; resolve(text: string): void }>()
  #lastId = 0

  constructor(post: (question: Question) => void) {
    this.#post = post
  }

  /** The number of questions without an answer. */
  get size(): number {
    return this.#waiting.size
  }

  /** Puts a question. The promise waits for as long as the answer takes. */
  ask(command: string): Promise<string> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, { text: '', resolve })
      this.#post({ kind: 'question', id, command })
    })
  }

  /** A part of an answer has come. */
  answered({ id, text, more }: Answer): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    waiting.text += text
    if (more) return
    this.#waiting.delete(id)
    waiting.resolve(waiting.text)
  }
}
