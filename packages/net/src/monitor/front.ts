/**
 * The commands as clients give them: answered here, in the thread of the monitor, or by the
 * monitored thread, if that answers.
 */

import type { Link } from './link.js'
import { duration } from './text.js'
import type { Top } from './top.js'

/**
 * How long the monitored thread may take to answer, in milliseconds. A loop under load takes some
 * turns of 2 ms.
 */
const PATIENCE = 100

export const HELP: readonly string[] = [
  'ps [NAME]   tasks, with what they wait for and what woke them; NAME: a part of their names',
  'tree        each task below its spawner',
  'top         steps a second, the longest step, the step that runs now',
  'where ID    where a task is',
  'why ID      what made a task ready, and what had made that one ready',
  'cancel ID   cancels a task; needs monitor({ control: true })',
  'help        these lines',
  'quit        ends the connection',
]

/** Answers commands. */
export class Front {
  readonly #link: Link
  readonly #top: Top
  /** Resolves after a time in milliseconds. */
  readonly #after: (ms: number) => Promise<null>

  constructor(link: Link, top: Top, after: (ms: number) => Promise<null>) {
    this.#link = link
    this.#top = top
    this.#after = after
  }

  /** The answer to a command, with a line feed at its end. */
  async answer(command: string): Promise<string> {
    if (command === 'help') return linesOf(HELP)
    if (command === 'top') return linesOf(this.#top.lines())
    return (await Promise.race([this.#link.ask(command), this.#after(PATIENCE)])) ?? this.#silence(command)
  }

  #silence(command: string): string {
    const { running, runningTask } = this.#top
    const reason =
      running === 0
        ? 'it runs code that is no step of a task'
        : `a step of task ${runningTask} has run for ${duration(running)}`
    const later = command.startsWith('cancel ') ? '; the task is cancelled once it does' : ''
    return `the loop does not answer: ${reason}${later}\n`
  }
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
