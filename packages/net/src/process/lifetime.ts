/**
 * How a process that a task has started ends: by itself, or with its task.
 *
 * Either way, what is left of its output is taken into memory, and its descriptors are free when
 * the task ends.
 */

import { endWith, type Resource, type TaskHandle, type Timer } from '@bluelet/scheduler/lowlevel'
import { graceWithin } from './grace.js'
import type { InputPipe } from './input-pipe.js'
import type { Program } from './options.js'
import type { OutputPipe } from './output-pipe.js'
import type { ProcessListener, RunningProcess } from './running-process.js'

/**
 * How long the end waits for the rest of the output: what the pipes hold has come by then, unless a
 * process that has left the group still has one of them.
 */
const REST_MS = 200

/** A process as what ends with a task. */
export class Lifetime implements Resource, ProcessListener {
  readonly #process: RunningProcess
  readonly #program: Program
  readonly #stdin: InputPipe | null
  readonly #outputs: readonly OutputPipe[]
  readonly #release: () => void
  /** Whether neither the process nor its group lives any more. */
  #gone = false
  /** Called when all is over; undefined while the task goes on. */
  #ended: ((errors: readonly unknown[]) => void) | undefined = undefined
  /** The timer of the rest of the output. */
  #timer: Timer | undefined = undefined

  constructor(
    process: RunningProcess,
    task: TaskHandle,
    program: Program,
    stdin: InputPipe | null,
    outputs: readonly OutputPipe[],
  ) {
    this.#process = process
    this.#program = program
    this.#stdin = stdin
    this.#outputs = outputs
    this.#release = endWith(task, this)
    process.listen(this)
  }

  toString(): string {
    return this.#program.call
  }

  // Called by the task.

  end(grace: number, ended: (errors: readonly unknown[]) => void): void {
    this.#ended = ended
    if (this.#gone || this.#process.gone) this.#over()
    else this.hasten(grace)
  }

  hasten(grace: number): void {
    if (!this.#gone) this.#process.stop(graceWithin(this.#program.grace, { grace }))
  }

  // Called by the process.

  exited(): void {
    this.#stdin?.end()
    if (this.#process.gone) this.#over()
  }

  stopped(error: Error | null): void {
    if (error === null) this.#over()
    else if (this.#ended !== undefined) this.#finish([error])
  }

  // Called by the outputs.

  pipeEnded(): void {
    if (this.#outputs.every(({ ended }) => ended)) this.#finish([])
  }

  /** The rest of the output is not waited for any longer. */
  endRest(): void {
    this.#timer = undefined
    this.#finish([])
  }

  /** All processes have ended. */
  #over(): void {
    if (!this.#gone) {
      this.#gone = true
      for (const output of this.#outputs) output.takeRest(this)
      this.pipeEnded()
    }
    if (this.#ended === undefined) return
    const { scheduler } = this.#process
    this.#timer ??= scheduler.timers.add(scheduler.now() + REST_MS, endRest, this)
  }

  #finish(errors: readonly unknown[]): void {
    this.#process.unlisten(this)
    this.#release()
    if (this.#timer !== undefined) this.#process.scheduler.timers.remove(this.#timer)
    this.#timer = undefined
    // Those that still have a writer.
    if (this.#ended !== undefined) for (const output of this.#outputs) output.reset()
    const ended = this.#ended
    this.#ended = undefined
    ended?.(errors)
  }
}

function endRest(lifetime: Lifetime): void {
  lifetime.endRest()
}
