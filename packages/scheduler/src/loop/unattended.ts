/**
 * What is spawned while no run is under way.
 */

import type { Supervisor } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { addTrace } from '../diagnostics/error-trace.js'

/** The supervisor of what is spawned while no run is under way: its errors are thrown by `step()`. */
export class Unattended implements Supervisor {
  readonly #errors: unknown[]

  constructor() {
    this.#errors = []
  }

  adopt(): void {}

  disown(): void {}

  fail(task: Task, error: unknown): void {
    addTrace(error, task)
    this.#errors.push(error)
  }

  /** Throws an error that has not been thrown. */
  rethrow(): void {
    if (this.#errors.length > 0) throw this.#errors.shift()
  }
}
