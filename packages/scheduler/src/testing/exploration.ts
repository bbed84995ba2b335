/**
 * Exploration: runs a program under many schedules, and shows a shortest one under which it fails.
 */

import { checkCount, checkTraceFile, inspect, inspectThrown } from '../check.js'
import type { Coroutine } from '../core/protocol.js'
import { rename } from '../errors.js'
import type { Host } from '../host/host.js'
import { type Schedule, seeded } from '../host/schedule.js'
import { Scheduler } from '../loop/scheduler.js'
import type { RecordedNetwork } from '../trace/network.js'
import { Replay } from './replay.js'
import { shrink } from './shrink.js'
import { StepLog } from './step-log.js'
import { VirtualHost } from './virtual-host.js'

/** More runs than this say little more about a small program, and take seconds. */
const DEFAULT_LIMIT = 100_000
const DEFAULT_RUNS = 1000

/** The world in which a program runs: a host that follows a schedule. */
export interface World extends Host {
  /**
   * The errors that were reported because no caller could receive them. A run with such an error
   * has failed.
   */
  readonly reports?: readonly unknown[]
  /** The sources that the world simulates, such as `socket`. */
  readonly simulates?: readonly string[]
  /** The world as a host whose network can be recorded, for the trace of a failure. */
  recorded?(): RecordedWorld
}

/** A world whose network can be recorded. */
export interface RecordedWorld {
  /** The host of the scheduler. */
  readonly host: Host
  /** Its network, for `record`. */
  readonly network: RecordedNetwork
}

/** A program to run under many schedules: makes a new root for each run. It fails by throwing. */
export type Program<W extends World = VirtualHost> = (world: W) => Coroutine<unknown>

/** Options of {@link replaySchedule}. */
export interface ReplayOptions<W extends World = VirtualHost> {
  /** Makes the world of one run. The default is `new VirtualHost({ schedule })`. */
  readonly world?: (schedule: Schedule) => W
}

/** What is left of a failure. */
export interface FailureOptions {
  /**
   * The file into which the trace of the failing run is written, under the shortest schedule: a
   * page that shows it if the name ends in `.html`, and JSON Lines if it ends in `.jsonl`. The
   * message of the error names the file. By default there is none. It needs a file system.
   */
  readonly trace?: string
}

/** Options of {@link everySchedule}. */
export interface EveryScheduleOptions<W extends World = VirtualHost>
  extends ReplayOptions<W>,
    FailureOptions {
  /** The largest number of schedules. The default is 100,000. */
  readonly limit?: number
}

/** Options of {@link randomSchedules}. */
export interface RandomSchedulesOptions<W extends World = VirtualHost>
  extends ReplayOptions<W>,
    FailureOptions {
  /** The number of runs. The default is 1,000. */
  readonly runs?: number
  /**
   * The seed of the first run, an integer. Each run adds 1. The default is 1, so that every test
   * run is the same.
   */
  readonly seed?: number
}

/** A program failed under a schedule. `cause` is what it threw. */
export class ScheduleError extends Error {
  /** `ERR_BLUELET_SCHEDULE`. */
  get code(): 'ERR_BLUELET_SCHEDULE' {
    return 'ERR_BLUELET_SCHEDULE'
  }
  /** @internal */
  override get name(): string {
    return 'ScheduleError'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }
  /**
   * The schedule under which the program fails, made as short as possible: an argument of
   * {@link replaySchedule}.
   */
  readonly schedule: string

  /**
   * Creates one.
   *
   * @param message what failed, and the steps that led there
   * @param schedule the schedule under which the program fails
   * @param options what the program threw, as `cause`
   */
  constructor(message: string, schedule: string, options: ErrorOptions) {
    super(message, options)
    this.schedule = schedule
  }
}

/**
 * Runs a small program under every schedule: in every order in which its tasks can take their
 * steps.
 *
 * The program must depend on nothing but its world, and it must end. In a simulated world, a server
 * that still waits when nothing else can happen is cancelled.
 *
 * @example
 * await everySchedule(function* () {
 *   const account = { balance: 100 }
 *   yield* all([withdraw(account, 30), withdraw(account, 30)])
 *   assert.equal(account.balance, 40)
 * })
 *
 * @returns the number of schedules
 * @throws ScheduleError if the program fails under one of them; Error if there are more than
 *   `limit`
 */
export async function everySchedule<W extends World = VirtualHost>(
  program: Program<W>,
  options: EveryScheduleOptions<W> = {},
): Promise<number> {
  const limit = checkCount(options.limit ?? DEFAULT_LIMIT, 'limit')
  checkTrace(options, 'everySchedule')
  let runs = 0
  for (let choices: readonly number[] | undefined = []; choices !== undefined; ) {
    if (++runs > limit) {
      throw new Error(
        `everySchedule: there are more than ${limit} schedules: make the program smaller, raise \`limit\`, or use randomSchedules`,
      )
    }
    const replay: Replay = new Replay(choices)
    const failure = await attempt(program, options, replay)
    if (failure !== undefined) throw await explained(program, options, replay, failure, `run ${runs}`)
    choices = replay.next()
  }
  return runs
}

/**
 * Runs a program under random schedules, each with a seed of its own.
 *
 * @returns the number of runs
 * @throws ScheduleError if the program fails in one of them
 */
export async function randomSchedules<W extends World = VirtualHost>(
  program: Program<W>,
  options: RandomSchedulesOptions<W> = {},
): Promise<number> {
  const runs = checkCount(options.runs ?? DEFAULT_RUNS, 'runs')
  checkTrace(options, 'randomSchedules')
  const first = options.seed ?? 1
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(first + runs)) {
    throw new RangeError(`seed: expected an integer, got ${inspect(first)}`)
  }
  for (let seed = first; seed < first + runs; seed++) {
    const replay = new Replay([], seeded(seed))
    const failure = await attempt(program, options, replay)
    if (failure !== undefined) throw await explained(program, options, replay, failure, `seed ${seed}`)
  }
  return runs
}

/**
 * Runs a program once, under the schedule of a {@link ScheduleError}.
 *
 * @param schedule such as `'0.2.1'`; beyond its end, and with `''`, every choice is the usual one
 * @throws TypeError if it is not a schedule; else what the program throws
 */
export async function replaySchedule<W extends World = VirtualHost>(
  program: Program<W>,
  schedule: string,
  options: ReplayOptions<W> = {},
): Promise<void> {
  const failure = await attempt(program, options, Replay.from(schedule))
  if (failure !== undefined) throw failure.error
}

interface Failure {
  readonly error: unknown
}

/** @throws TypeError if the option is no name of a file for a trace */
function checkTrace({ trace }: FailureOptions, what: string): void {
  if (trace !== undefined) checkTraceFile(trace, `${what}: trace`)
}

/** Runs the program once. */
async function attempt<W extends World>(
  program: Program<W>,
  options: ReplayOptions<W>,
  schedule: Schedule,
  watch?: (scheduler: Scheduler, network: RecordedNetwork | undefined) => void,
): Promise<Failure | undefined> {
  const make = options.world ?? ((schedule: Schedule) => new VirtualHost({ schedule }) as World as W) // The default of W.
  const world = make(schedule)
  const { host, network } = (watch && world.recorded?.()) ?? { host: world, network: undefined }
  const scheduler = new Scheduler({
    host,
    sites: watch !== undefined,
    // What a simulated world sends may arrive between any two steps, and that takes a poll.
    ...(world.simulates === undefined || world.simulates.length === 0 ? {} : { budget: { steps: 1 } }),
  })
  watch?.(scheduler, network)
  const name = program.name || 'program'
  try {
    await scheduler.run({ [name]: () => program(world) }[name] as () => Coroutine<unknown>) // The literal has it.
  } catch (error) {
    return { error }
  }
  // An error that was only reported, such as one of a connection's handler, is a failure, too.
  return world.reports === undefined || world.reports.length === 0 ? undefined : { error: world.reports[0] }
}

/** The error to throw: with the shortest schedule that still fails, and the steps of that run. */
async function explained<W extends World>(
  program: Program<W>,
  options: ReplayOptions<W> & FailureOptions,
  found: Replay,
  failure: Failure,
  where: string,
): Promise<ScheduleError> {
  const shortest = await shrink(found.taken(), async (choices) => {
    return (await attempt(program, options, new Replay(choices))) !== undefined
  })
  const { trace: file } = options
  // Loaded when it is needed: most tests do not fail.
  const tracing = file === undefined ? undefined : await import('../trace/failure.js')
  const log = new StepLog()
  const replay = new Replay(shortest)
  let save: (() => string) | undefined
  const again = await attempt(program, options, replay, (scheduler, network) => {
    scheduler.attach(log)
    const records = { schedule: shortest.join('.'), ...(network === undefined ? {} : { network }) }
    save = tracing?.recordFailure(scheduler, file as string, records) // There is a file, or nothing that records.
  })
  const { error } = again ?? failure
  const schedule = replay.toString()
  const message = [
    messageOf(error),
    again === undefined
      ? `found by ${where}; it did not fail again with the same choices: the program depends on something other than its world`
      : `found by ${where}; it fails under the schedule '${schedule}'` +
        (schedule === '' ? ', that is first in, first out' : `: replaySchedule(program, '${schedule}')`),
    ...(save === undefined ? [] : [save()]),
    ...log.lines(),
  ].join('\n  ')
  return new ScheduleError(message, schedule, { cause: error })
}

/** The message of an error, which may fail to be read. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : inspect(error)
  } catch {
    return inspectThrown(error)
  }
}
