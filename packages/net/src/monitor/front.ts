/**
 * The commands as clients give them. Those that need nothing of the monitored thread are answered
 * here, the others by the loop of that thread, or by its inspector while the loop hangs.
 */

import type { Inspection } from './inspector.js'
import type { InspectorQueue } from './inspector-queue.js'
import type { Link } from './link.js'
import { placesOf } from './places.js'
import { duration, printable } from './text.js'
import type { Top } from './top.js'

/**
 * How long the loop may take to answer, in milliseconds. One under load takes some turns of 2 ms.
 */
const PATIENCE = 100

/** A step that has run for longer, in milliseconds, is taken for one that hangs, without a wait. */
const HANGS = 500

export const HELP: readonly string[] = [
  'ps [NAME]     tasks, with what they wait for and what woke them; NAME: a part of their names',
  'tree          each task below its spawner',
  'top           steps a second, the longest step, the step that runs now',
  'where [TASK]  the lines at which tasks wait; TASK: an id, or a part of their names',
  'why ID        what made a task ready, and what had made that one ready',
  'waits         circles of tasks that wait for each other, and what the others wait for',
  'trace 5s      records for 5 seconds, and gives the recording as JSON Lines',
  'cancel ID     cancels a task; needs monitor({ control: true })',
  'help          these lines',
  'quit          ends the connection',
]

/** What a front is made of. */
export interface FrontParts {
  readonly link: Link
  readonly top: Top
  readonly inspector: InspectorQueue
  /** As in `Beginning`. */
  readonly reachable: string | null
  /** Whether locals are shown. */
  readonly control: boolean
  /** Resolves after a time in milliseconds. */
  after(ms: number): Promise<undefined>
}

/** Answers commands. */
export class Front {
  readonly #parts: FrontParts

  constructor(parts: FrontParts) {
    this.#parts = parts
  }

  /** The answer to a command, with a line feed at its end. */
  async answer(command: string): Promise<string> {
    const { link, top, after } = this.#parts
    if (command === 'help') return linesOf(HELP)
    if (command === 'top') return linesOf(top.lines())
    const [name = '', argument = ''] = command.split(/ +/)
    if (name === 'trace') return link.ask(command)
    const hangs = top.running > HANGS && name !== 'cancel'
    const text = hangs ? undefined : await Promise.race([link.ask(command), after(PATIENCE)])
    if (text === undefined) return linesOf(await this.#withoutLoop(name, argument))
    return name === 'where' ? text + linesOf(await this.#places(argument)) : text
  }

  /** What can be said while the loop hangs. */
  async #withoutLoop(name: string, argument: string): Promise<string[]> {
    const { running, runningTask } = this.#parts.top
    const step =
      running === 0
        ? 'it runs code that is no step of a task'
        : `a step of task ${runningTask} has run for ${duration(running)}`
    if (name === 'cancel') return [`the loop does not answer: ${step}; the task is cancelled once it does`]
    const lines = await this.#inspected(async (inspection, reachable) => {
      const text = await inspection.evaluate(`${reachable}.answer(${JSON.stringify(`${name} ${argument}`)})`)
      const places = name === 'ps' || name === 'where' ? await this.#placesIn(inspection, argument) : []
      return [
        ...(await stackOf(inspection)),
        ...`${text}`.split('\n').filter((line) => line !== ''),
        ...places,
      ]
    })
    return [`the loop does not answer: ${step}`, ...lines]
  }

  /** The lines at which tasks wait. */
  #places(argument: string): Promise<readonly string[]> {
    return this.#inspected((inspection) => this.#placesIn(inspection, argument))
  }

  #placesIn(inspection: Inspection, argument: string): Promise<string[]> {
    const { reachable, control } = this.#parts
    return placesOf(inspection, `${reachable}.coroutinePairs(${JSON.stringify(argument)})`, control)
  }

  async #inspected(
    make: (inspection: Inspection, reachable: string) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const { inspector, reachable } = this.#parts
    if (reachable === null) return ['no lines: the inspector reaches the main thread only']
    return inspector.lines((inspection) => make(inspection, reachable))
  }
}

/** What runs right now. */
async function stackOf(inspection: Inspection): Promise<string[]> {
  try {
    const frames = await inspection.frames()
    if (frames === undefined) return ['right now it is in a call of the system, or of an addon']
    return ['right now it runs', ...frames.map((frame) => `    at ${printable(frame)}`)]
  } catch (error) {
    return [`what it runs is not known: ${(error as Error).message}`] // An error of the inspector.
  }
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
