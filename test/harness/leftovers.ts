// How a run in a virtual world ends, if it ends, and what it leaves there.
import type { Simulation } from '@bluelet/net/testing'

/** In the real world: longer than the last steps of a run take. */
const IDLE_MS = 200
/** The longest that a packet may be under way when nobody waits for it any more; a close that lingers would take longer. */
const REST_MS = 4000

/** Waits for a run; fails if it goes on although nothing can happen any more. */
export async function toItsEnd(run: Promise<unknown>, world: Simulation): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const hanging = new Promise<never>((_resolve, reject) => {
    world.onIdle(() => {
      timer ??= setTimeout(() => reject(new Error('it hangs')), IDLE_MS)
    })
  })
  await Promise.race([run, hanging]).finally(() => clearTimeout(timer))
}

/** Lets the world come to rest. @returns what is left there that should not be */
export async function leftIn(world: Simulation): Promise<string[]> {
  const ended = world.now()
  await new Promise<void>((resolve) => {
    world.onIdle(resolve)
    world.at(ended, () => {})
  })
  const left: string[] = []
  const { descriptors } = world.network
  if (descriptors > 0) left.push(`${descriptors} descriptors are left`)
  if (world.now() > ended + REST_MS) left.push(`the world came to rest ${world.now() - ended} ms late`)
  return left
}
