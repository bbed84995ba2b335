// A library's own supervisor, written against `@bluelet/scheduler/lowlevel`: jobs come from callbacks outside the scheduler, a
// job that fails is reported with its trace and disturbs no other, and `stop` cancels the jobs that are left.
//
// Run it with `node --import tsx examples/job-runner.ts`.

import { type Coroutine, Scheduler, sleep } from '@bluelet/scheduler'
import { addTrace, runtimeOf, type ScopeOwner, type TaskHandle, TaskScope } from '@bluelet/scheduler/lowlevel'

class JobRunner implements ScopeOwner {
  readonly #scheduler
  readonly #jobs = new TaskScope(this)

  constructor(scheduler: Scheduler) {
    this.#scheduler = runtimeOf(scheduler)
    // Without this the run would end while no job is there, although more may come.
    this.#scheduler.ref('job')
  }

  submit(job: () => Coroutine): TaskHandle {
    return this.#scheduler.spawnUnder(this.#jobs, job)
  }

  stop(): void {
    this.#jobs.cancel()
    this.#scheduler.unref('job')
  }

  failed(error: unknown, task: TaskHandle): void {
    addTrace(error, task)
    const trace = error instanceof Error ? error.stack?.split('\n').find((line) => /in task/.test(line)) : ''
    console.log(`${error} ${trace?.trim()}`)
  }

  ended(task: TaskHandle): void {
    console.log(`${task}: ${task.outcome?.kind}`)
  }
}

function* quick(): Coroutine<void> {
  yield sleep(10)
}

function* broken(): Coroutine<void> {
  yield sleep(1)
  throw new Error('no such file')
}

function* endless(): Coroutine<void> {
  yield sleep(Number.POSITIVE_INFINITY)
}

const scheduler = new Scheduler()
const runner = new JobRunner(scheduler)
const [, , last] = [endless, broken, quick].map((job) => runner.submit(job))
await scheduler.run(function* () {
  if (last !== undefined) yield last
  runner.stop()
})
console.log('the run has ended')
