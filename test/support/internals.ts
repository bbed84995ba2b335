// The parts of a scheduler that its users cannot reach, for tests that look at what is left behind.
import type { Connection } from '@bluelet/net'
import type { Scheduler, TaskHandle } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import type { Loop } from '../../packages/scheduler/src/loop/loop.js'

/** The loop of a scheduler, of a task, or of a connection. */
export function internals(of: Scheduler | TaskHandle | Connection): Loop {
  return ('scheduler' in of ? of.scheduler : runtimeOf(of as Scheduler)) as Loop // All of them are loops.
}
