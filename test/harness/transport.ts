// What the connections of a scenario are over: the bare network, or TLS.
import type { Driver } from '@bluelet/net/driver'
import { Simulation, type SimulationOptions } from '@bluelet/net/testing'
import type { Host } from '@bluelet/scheduler/lowlevel'

/** Makes a driver over another one, on a host. */
export type Transport = <D extends Driver>(driver: D, host: Host) => D

/** A world whose programs use another driver than that of its network, over that one. */
export class WorldOver extends Simulation {
  readonly #driver: Simulation['network']

  constructor(options: SimulationOptions, transport: Transport = (driver) => driver) {
    super(options)
    this.#driver = transport(this.network, this)
  }

  override get driver(): Simulation['network'] {
    return this.#driver
  }
}
