/**
 * The simulation: virtual time and a network in memory, so that every run takes the same steps. The
 * network itself is in `drivers/simulated`, virtual time in `@bluelet/scheduler/testing`.
 */

import { type Coroutine, type RunOptions, run, type SchedulerOptions } from '@bluelet/scheduler'
import { type RecordedWorld, type Schedule, seeded, VirtualHost } from '@bluelet/scheduler/testing'
import type { NetworkHost } from '../driver/protocol.js'
import { type NetworkOptions, SimulatedNetwork } from '../drivers/simulated/network.js'
import { recordNetwork } from '../trace/record-network.js'
import { checkTraceFile, recordedRun } from './recorded-run.js'

/** Options of a {@link Simulation}. */
export interface SimulationOptions extends NetworkOptions {
  /** The seed of all random choices: an integer. The same seed gives the same run. Default: 1. */
  readonly seed?: number
  /**
   * Whether the next task to step is chosen at random among the ready ones. Default: the first that
   * was ready.
   */
  readonly shuffle?: boolean
  /** Makes the choices instead of `seed` and `shuffle`. */
  readonly schedule?: Schedule
}

/**
 * A host for tests, with virtual time and a network of its own. Programs run on it unchanged:
 * `run(main, { host: new Simulation() })`. It takes every socket for one of that network, and does
 * not wait for real ones.
 */
export class Simulation implements NetworkHost {
  /** The network: its options, its connections, its faults. */
  readonly network: SimulatedNetwork
  readonly schedule?: Schedule
  readonly #host: VirtualHost

  /**
   * Makes a simulation whose time is 0.
   *
   * @throws RangeError if the seed, the latency or the buffer is invalid
   */
  constructor(options: SimulationOptions = {}) {
    const chance = options.schedule ?? seeded(options.seed ?? 1)
    const schedule = options.schedule ?? (options.shuffle === true ? chance : undefined)
    if (schedule !== undefined) this.schedule = schedule
    this.#host = new VirtualHost({
      simulates: ['socket', 'datagram', 'lookup'],
      ...(schedule === undefined ? {} : { schedule }),
    })
    this.network = new SimulatedNetwork(this.#host, chance, options)
  }

  /** The network's driver. */
  get driver(): SimulatedNetwork {
    return this.network
  }

  /** Errors that no other code receives, such as those of a connection's handler. */
  get reports(): unknown[] {
    return this.#host.reports
  }

  /** @see `Host.sites` */
  get sites(): boolean {
    return this.#host.sites
  }

  /** On: its time is its own. */
  get virtual(): boolean {
    return this.#host.virtual
  }

  /** This world as a host whose network can be recorded. */
  recorded(): RecordedWorld {
    return recordNetwork(this)
  }

  /** The sources that it simulates. */
  get simulates(): readonly string[] {
    return this.#host.simulates
  }

  /** The virtual time in milliseconds, starting at 0. */
  now(): number {
    return this.#host.now()
  }

  /** @see `Host.soon` */
  soon(callback: () => void): void {
    this.#host.soon(callback)
  }

  /** @see `Host.at` */
  at(deadline: number, callback: () => void): unknown {
    return this.#host.at(deadline, callback)
  }

  /** @see `Host.cancel` */
  cancel(timer: unknown): void {
    this.#host.cancel(timer)
  }

  /** Keeps the error in `reports`. */
  report(error: unknown): void {
    this.#host.report(error)
  }

  /** @see `Host.ref` */
  ref(source: string | undefined): void {
    this.#host.ref(source)
  }

  /** @see `Host.unref` */
  unref(source: string | undefined): void {
    this.#host.unref(source)
  }

  /** @see `Host.onIdle` */
  onIdle(callback: (simulated: boolean) => void): () => void {
    return this.#host.onIdle(callback)
  }
}

/** Options of {@link simulate}. */
export interface SimulateOptions extends SimulationOptions, RunOptions, Omit<SchedulerOptions, 'host'> {
  /**
   * The file into which a trace is written if the program fails: a page that shows what every task
   * did, and why, if the name ends in `.html`, and JSON Lines if it ends in `.jsonl`. The message
   * of the error names the file. By default there is none. It needs a file system.
   */
  readonly trace?: string
}

/**
 * Runs a program once in a {@link Simulation}, and gives its return value.
 *
 * When the program has returned and nothing more can happen, servers that still wait for
 * connections are ended. An error that no other code receives, such as that of a handler without
 * `onError`, is an error of the program.
 *
 * @example
 * await simulate(function* () {
 *   yield* spawn(server('', 4915, echoer))
 *   const conn = yield* connect('localhost', 4915)
 *   yield* conn.sendall('hello')
 *   assert.equal(String(yield* conn.readexactly(5)), 'hello')
 *   conn.close()
 * })
 *
 * @param program makes the root coroutine
 * @throws the error of the program
 */
export async function simulate<T>(
  program: (world: Simulation) => Coroutine<T>,
  options: SimulateOptions = {},
): Promise<T> {
  const { trace } = options
  if (trace !== undefined) checkTraceFile(trace)
  const world = new Simulation(options)
  const name = program.name || 'program'
  const main = { [name]: () => program(world) }[name] as () => Coroutine<T> // Gives the task the program's name.
  if (trace !== undefined) return recordedRun(world, main, { ...options, trace })
  const value = await run(main, { ...options, host: world })
  if (world.reports.length > 0) throw world.reports[0]
  return value
}
