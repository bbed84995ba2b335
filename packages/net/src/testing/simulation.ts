/**
 * The simulation: a world in which time is virtual and the network is in memory, so that every run takes the same steps.
 */

import { type Coroutine, type RunOptions, run, type SchedulerOptions } from '@bluelet/scheduler'
import { type Schedule, seeded, VirtualHost } from '@bluelet/scheduler/testing'
import type { NetworkHost } from '../driver/protocol.js'
import { type NetworkOptions, SimulatedNetwork } from '../drivers/simulated/network.js'

/** Options of a {@link Simulation}. */
export interface SimulationOptions extends NetworkOptions {
  /** What is left to chance is drawn from this: an integer; by default 1. The same seed gives the same run. */
  readonly seed?: number
  /** Whether it is left to chance, too, which of the ready tasks steps next; by default the first that was ready. */
  readonly shuffle?: boolean
  /** Decides in place of the seed and of `shuffle`. */
  readonly schedule?: Schedule
}

/**
 * A world for tests: a host whose time is virtual, with a network of its own. What runs on it needs no change:
 * `run(main, { host: new Simulation() })`. Every socket there is taken for one of that network: real ones are not waited for.
 */
export class Simulation implements NetworkHost {
  /** The network: what becomes of packets, and what has. */
  readonly network: SimulatedNetwork
  readonly schedule?: Schedule
  readonly #host: VirtualHost

  /**
   * Makes a world whose time is 0.
   *
   * @throws RangeError for a seed, a latency or a buffer that is none
   */
  constructor(options: SimulationOptions = {}) {
    const chance = options.schedule ?? seeded(options.seed ?? 1)
    const schedule = options.schedule ?? (options.shuffle === true ? chance : undefined)
    if (schedule !== undefined) this.schedule = schedule
    this.#host = new VirtualHost({
      simulates: ['socket', 'lookup'],
      ...(schedule === undefined ? {} : { schedule }),
    })
    this.network = new SimulatedNetwork(this.#host, chance, options)
  }

  /** The network's driver. */
  get driver(): SimulatedNetwork {
    return this.network
  }

  /** What was reported: errors that nobody else could be told, such as a connection handler's. */
  get reports(): unknown[] {
    return this.#host.reports
  }

  /** @see `Host.sites` */
  get sites(): boolean {
    return this.#host.sites
  }

  /** @see `Host.simulates` */
  get simulates(): readonly string[] {
    return this.#host.simulates
  }

  /** The virtual time, in milliseconds; it begins at 0. */
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

  /** @see `Host.onExhausted` */
  onExhausted(callback: () => void): () => void {
    return this.#host.onExhausted(callback)
  }

  /** @see `Host.onIdle` */
  onIdle(callback: () => void): () => void {
    return this.#host.onIdle(callback)
  }
}

/**
 * Runs a program once in a {@link Simulation}, and gives what it returns.
 *
 * When the program has returned and nothing more can happen, the servers that still wait for a connection are ended. An error
 * that nobody was told of, such as a connection handler's without `onError`, is an error of the program.
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
 * @param program makes the root
 * @throws whatever the program throws
 */
export async function simulate<T>(
  program: (world: Simulation) => Coroutine<T>,
  options: SimulationOptions & RunOptions & Omit<SchedulerOptions, 'host'> = {},
): Promise<T> {
  const world = new Simulation(options)
  const name = program.name || 'program'
  const main = { [name]: () => program(world) }[name] as () => Coroutine<T> // It was put there.
  const value = await run(main, { ...options, host: world })
  if (world.reports.length > 0) throw world.reports[0]
  return value
}
