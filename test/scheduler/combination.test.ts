import { all, type Coroutine, KilledError, kill, pause, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { rejection, virtually } from './world.js'

function* sleeper(): Coroutine<void> {
  yield sleep(1000)
}

const combinations = [
  ['all', (branch: Coroutine) => all([branch, sleep(1)])],
  ['race', (branch: Coroutine) => race([branch, sleep(2000)])],
] as const

describe('a branch of', () => {
  it.each(combinations)('%s that somebody else kills throws KilledError', async (name, combine) => {
    const branch = sleeper()

    const error = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          yield pause()
          yield kill(branch)
        })
        yield combine(branch)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
    expect((error as Error).message).toBe(`${name}#3 was killed, so that this branch has no value`)
  })
})
