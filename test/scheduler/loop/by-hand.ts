import { type Coroutine, pause, Scheduler } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'

/** A scheduler that the test drives by hand, with its host and a log. */
export interface ByHand {
  readonly scheduler: Scheduler
  readonly host: VirtualHost
  readonly log: string[]
  /** Spawns a task that logs each of its steps. */
  stepper(name: string, steps: number): void
}

export function byHand(): ByHand {
  const host = new VirtualHost({ manual: true })
  const scheduler = new Scheduler({ host })
  const log: string[] = []
  function* stepper(name: string, steps: number): Coroutine<void> {
    for (let i = 1; i <= steps; i++) {
      log.push(`${name}${i}`)
      yield pause()
    }
  }
  return { scheduler, host, log, stepper: (name, steps) => void scheduler.spawn(stepper, name, steps) }
}
