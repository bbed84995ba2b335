// The supervisor of all tasks of a scenario. It cancels no task when another one fails: a task that
// has to be woken by a kill or by a failure must be woken by that, and not by the end of the run.
import { type Coroutine, Latch, type Task } from '@bluelet/scheduler'
import { type Supervisor, spawnUnder } from '@bluelet/scheduler/lowlevel'

/** A task, and an error that it ended with. */
export interface Failure {
  readonly task: Task
  readonly error: unknown
}

export class Tasks implements Supervisor {
  /** The errors that no task joined for. */
  readonly failures: Failure[] = []
  readonly #over = new Latch()
  #size = 0

  adopt(): void {
    this.#size++
  }

  fail(task: Task, error: unknown): void {
    this.failures.push({ task, error })
  }

  disown(): void {
    if (--this.#size === 0) this.#over.open()
  }

  /** Runs a coroutine and all that it spawns, to the end of the last of them. */
  *run(main: Coroutine): Coroutine<void> {
    yield* spawnUnder(this).with({ name: 'main' }, main)
    yield* this.#over.wait()
  }
}
