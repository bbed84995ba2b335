// Deadlocks of clean-ups, in a run that is being cancelled.
import { DeadlockError, Latch, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { waitFor } from '../../coroutines.js'
import { rejection, virtually } from '../../world.js'

describe('a deadlock while a run is cancelled', () => {
  it('ends a task that a clean-up left running, however long its grace period is', async () => {
    const failed = new Error('failed')

    const error = await rejection(
      virtually(
        function* () {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              yield spawn(waitFor(new Latch().wait()))
            }
          })
          yield pause()
          throw failed
        },
        { grace: Number.POSITIVE_INFINITY },
      ),
    )

    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toEqual([failed, expect.any(DeadlockError)])
  })
})
