/**
 * The probes that are attached to a scheduler. They observe it and change nothing.
 */

import type { Probe } from '../core/probe.js'
import { type Host, report } from '../host/host.js'

/** All probes of a scheduler as one. */
export class Probes {
  readonly #host: Host
  /** Called when the last probe has been removed. */
  readonly #onEmpty: () => void
  #probes: readonly Probe[] = []

  constructor(host: Host, onEmpty: () => void) {
    this.#host = host
    this.#onEmpty = onEmpty
  }

  add(probe: Probe): void {
    this.#probes = [...this.#probes, probe]
  }

  remove(probe: Probe): void {
    const left = this.#probes.filter((other) => other !== probe)
    if (left.length === this.#probes.length) return // Detached before.
    this.#probes = left
    if (this.#probes.length === 0) this.#onEmpty()
  }

  /** Calls one method of each probe that has it. */
  tell<K extends keyof Probe>(method: K, ...values: Parameters<NonNullable<Probe[K]>>): void {
    for (const probe of this.#probes) {
      try {
        const call = probe[method] as ((...values: unknown[]) => void) | undefined // The tuple above is its parameters.
        call?.apply(probe, values)
      } catch (error) {
        this.remove(probe)
        report(this.#host, error)
      }
    }
  }
}
