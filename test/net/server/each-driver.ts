// The same scenario of a server on each driver that is available here, and in a simulation.
import { type Driver, type DriverName, driverNamed } from '@bluelet/net/driver'
import { simulate } from '@bluelet/net/testing'
import type { Coroutine } from '@bluelet/scheduler'
import { play } from '../world.js'

/** Where a scenario runs. */
export interface World {
  readonly name: string
  /** The option for servers and clients. */
  readonly driver: { driver?: Driver | DriverName }
  play<T>(main: () => Coroutine<T>): Promise<T>
  toString(): string
}

/** The real drivers that are available here, and the simulation. */
export const WORLDS: readonly World[] = [
  ...(['node', 'epoll'] as const).filter(available).map((name) => world(name, { driver: name }, play)),
  world('simulated', {}, (main) => simulate(main)),
]

function world(name: string, driver: World['driver'], play: World['play']): World {
  return { name, driver, play, toString: () => name }
}

function available(name: DriverName): boolean {
  try {
    driverNamed(name)
    return true
  } catch {
    return false
  }
}
