// What must not be left when the tasks of a scenario have ended. Every sweep and every random test
// calls this: a check that is added here holds in all of them.

import type { Simulation } from '@bluelet/net/testing'
import { type Coroutine, type Scheduler, sleep } from '@bluelet/scheduler'
import { internals } from '../support/internals.js'

/** In the real world: longer than the last steps of a run take. */
const IDLE_MS = 200
/**
 * The longest time that a packet may be under way when no task waits for it; a close that lingers
 * would take longer.
 */
const REST_MS = 4000

/** The task that a run begins with. */
export const ROOT = 1

/** The values that each scheduler's tasks have made: how often each was disposed of. */
const made = new WeakMap<Scheduler, { disposed: number }[]>()

/**
 * Makes a value after some time, as a connection is made: it leaks if it is not disposed of, and
 * must not be disposed of twice.
 */
export function* making(scheduler: Scheduler, ms: number): Coroutine<Disposable> {
  yield* sleep(ms)
  const value = { disposed: 0, [Symbol.dispose]: () => void value.disposed++ }
  made.set(scheduler, [...(made.get(scheduler) ?? []), value])
  return value
}

/**
 * What tasks have left in their scheduler.
 *
 * @param alive the ids of the tasks that have not ended yet
 */
export function leftIn(scheduler: Scheduler, alive: readonly number[] = []): string[] {
  const left = scheduler
    .snapshot()
    .filter(({ id }) => !alive.includes(id))
    .map(({ name, waitsFor }) => `${name} is left, in ${waitsFor}`)
  const { timers } = internals(scheduler)
  if (timers.size > 0) left.push(`${timers.size} timers are left`)
  for (const { disposed } of made.get(scheduler) ?? [])
    if (disposed !== 1) left.push(`a value that was made was disposed of ${disposed} times`)
  return left
}

/**
 * Runs a coroutine to its end, and the world to its rest. @returns what went wrong, and what is
 * left in the world
 */
export async function runToRest(main: Coroutine, scheduler: Scheduler, world: Simulation): Promise<string[]> {
  const problems: string[] = []
  try {
    await toItsEnd(scheduler.run(main), world)
  } catch (error) {
    problems.push(`the run has failed: ${error}`)
  }
  return [...problems, ...(await leftInWorld(world))]
}

/** Waits for a run; fails if it goes on although nothing can happen any more. */
async function toItsEnd(run: Promise<unknown>, world: Simulation): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let detach = (): void => {}
  const hanging = new Promise<never>((_resolve, reject) => {
    detach = world.onIdle(() => {
      timer ??= setTimeout(() => reject(new Error('it hangs')), IDLE_MS)
    })
  })
  await Promise.race([run, hanging]).finally(() => {
    detach()
    clearTimeout(timer)
  })
}

async function leftInWorld(world: Simulation): Promise<string[]> {
  const ended = world.now()
  await new Promise<void>((resolve) => {
    const detach = world.onIdle(() => {
      detach()
      resolve()
    })
    world.at(ended, () => {})
  })
  const left: string[] = []
  const { descriptors } = world.network
  if (descriptors > 0) left.push(`${descriptors} descriptors are left`)
  if (world.now() > ended + REST_MS) left.push(`the world came to rest ${world.now() - ended} ms late`)
  return left
}
