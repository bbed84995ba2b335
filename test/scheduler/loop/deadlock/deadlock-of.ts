import { type Coroutine, DeadlockError } from '@bluelet/scheduler'
import { rejection, virtually } from '../../world.js'

/** Runs a coroutine in virtual time and returns the deadlock in which the run ends. */
export async function deadlockOf(main: () => Coroutine): Promise<DeadlockError> {
  const error = await rejection(virtually(main))
  if (!(error instanceof DeadlockError)) throw error
  return error
}
