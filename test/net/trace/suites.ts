// The suites of every driver over a network that is recorded: what is recorded changes nothing.
import type { Driver } from '@bluelet/net/driver'
import { recordNetwork } from '@bluelet/net/trace'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import type { IoEvent, NetworkLog } from '@bluelet/scheduler/trace'
import { afterAll, expect } from 'vitest'
import type { Clock } from '../../../packages/net/src/drivers/tls/side.js'
import { turn } from '../../support/deadline.js'
import type { ConformanceSample } from '../conformance/sample.js'
import { conformanceSuite } from '../conformance/suite.js'
import { driverSuite } from '../drivers/suite/driver-suite.js'
import { tlsSuites } from '../tls/suites.js'

/** A driver that is recorded. At the end each report of the driver has had its end. */
export function recordedDriver(driver: Driver): Driver {
  const { host, network } = recordNetwork({ ...defaultHost, driver })
  const log = new CountingLog()
  network.attach(log)
  afterAll(() => {
    expect(log.depth).toBe(0)
    expect(log.reads).toBeGreaterThan(0)
    expect(log.wrong).toEqual([])
  })
  return host.driver
}

/** Keeps nothing: the suites move many megabytes. */
class CountingLog implements NetworkLog {
  depth = 0
  reads = 0
  /** Causes that are no earlier writes. */
  readonly wrong: string[] = []
  #n = 0
  #resources = 0
  readonly #writes = new Set<number>()

  newResource(): number {
    return ++this.#resources
  }

  io(op: IoEvent['op'], _res: number, _bytes: number, _value: unknown, cause: number | null): number {
    if (op === 'read') {
      this.reads++
      if (cause !== null && !this.#writes.has(cause)) this.wrong.push(`${this.#n}: ${cause}`)
    }
    if (op === 'write') this.#writes.add(this.#n)
    return this.#n++
  }

  resource(): number {
    return this.#n++
  }

  packet(): number {
    return this.#n++
  }

  ready(): void {
    this.depth++
  }

  over(): void {
    this.depth--
  }
}

/** Describes the behaviour of a driver that is recorded. */
export function recordedSuites(sample: ConformanceSample): void {
  const driver = recordedDriver(sample.driver)
  driverSuite(`${driver.name}, recorded,`, { ...sample, driver, turn })
  conformanceSuite(`${driver.name}, recorded,`, { ...sample, driver })
}

/** The same over TLS. */
export function recordedTlsSuites(sample: ConformanceSample, clock: Clock): void {
  tlsSuites({ ...sample, driver: recordedDriver(sample.driver) }, clock)
}
