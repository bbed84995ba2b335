// The supervisor of all tasks of a scenario. It cancels nobody when one of them fails: whoever has to be woken by a kill or by a
// failure must be woken by that, and not by the end of the run.
import { type Coroutine, Latch, type Task } from '@bluelet/scheduler'
import { type Supervisor, spawnUnder } from '@bluelet/scheduler/lowlevel'

export class Cast implements Supervisor {
  /** What failed, and nobody joined for. */
  readonly failures: { readonly task: Task; readonly error: unknown }[] = []
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
  *play(main: Coroutine): Coroutine<void> {
    yield* spawnUnder(this).with({ name: 'main' }, main)
    yield* this.#over.wait()
  }
}
