/**
 * The packages as a program sees them: `run`, `simulate` and `Scheduler` are recorded, in a world
 * of the playground. Everything else is what the packages export.
 */

import * as netTesting from '@bluelet/net/testing'
import * as scheduler from '@bluelet/scheduler'
import type { Host } from '@bluelet/scheduler/lowlevel'
import * as lowlevel from '@bluelet/scheduler/lowlevel'
import * as schedulerTesting from '@bluelet/scheduler/testing'
import * as net from './network.js'
import type { World } from './world.js'

/** What the replacements need. */
export interface Stage {
  /** The world of runs that bring none. */
  world(options?: netTesting.SimulationOptions): World
  /** The same host, with a network that is recorded. */
  recorded(host: Host): Host
  /** A scheduler has been made. */
  began(made: scheduler.Scheduler): void
  /** A run, or a search that makes many, begins; the result ends it. */
  busy<T>(work: Promise<T>): Promise<T>
  /** The scheduler's budget; undefined for the usual one. */
  readonly budget: scheduler.Budget | undefined
}

/** The exports of each package. */
export function libraries(stage: Stage): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  class Scheduler extends scheduler.Scheduler {
    constructor(options: scheduler.SchedulerOptions = {}) {
      super({
        sites: false, // The program says itself where it is.
        ...(stage.budget === undefined ? {} : { budget: stage.budget }),
        ...options,
        host: stage.recorded(options.host ?? stage.world()),
      })
      stage.began(this)
    }

    override run<T>(
      main: scheduler.Coroutine<T> | (() => scheduler.Coroutine<T>),
      options?: scheduler.RunOptions,
    ): Promise<T> {
      return stage.busy(super.run(main, options))
    }
  }

  const run = <T>(
    main: scheduler.Coroutine<T> | (() => scheduler.Coroutine<T>),
    options: scheduler.SchedulerOptions & scheduler.RunOptions = {},
  ): Promise<T> => new Scheduler(options).run(main, options)

  async function simulate<T>(
    program: (world: netTesting.Simulation) => scheduler.Coroutine<T>,
    options: netTesting.SimulationOptions & scheduler.SchedulerOptions & scheduler.RunOptions = {},
  ): Promise<T> {
    const world = stage.world(options)
    const name = program.name || 'program'
    const main = { [name]: () => program(world) }[name] as () => scheduler.Coroutine<T> // Gives the task the program's name.
    const value = await run(main, { ...options, host: world })
    if (world.reports.length > 0) throw world.reports[0]
    return value
  }

  const { everySchedule, randomSchedules, replaySchedule } = schedulerTesting
  const searches = {
    everySchedule: (...args: Parameters<typeof everySchedule>) => stage.busy(everySchedule(...args)),
    randomSchedules: (...args: Parameters<typeof randomSchedules>) => stage.busy(randomSchedules(...args)),
    replaySchedule: (...args: Parameters<typeof replaySchedule>) => stage.busy(replaySchedule(...args)),
  }

  return {
    '@bluelet/scheduler': { ...scheduler, run, Scheduler },
    '@bluelet/scheduler/lowlevel': lowlevel,
    '@bluelet/scheduler/testing': { ...schedulerTesting, ...searches },
    '@bluelet/net': net,
    '@bluelet/net/testing': { ...netTesting, simulate },
  }
}
