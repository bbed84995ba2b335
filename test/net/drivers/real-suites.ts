// The suites of every driver, over the sockets of the system.
import { networkInterfaces } from 'node:os'
import type { Driver } from '@bluelet/net/driver'
import { Scheduler } from '@bluelet/scheduler'
import { expect } from 'vitest'
import { turn } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import type { ConformanceSample } from '../conformance/sample.js'
import { conformanceSuite } from '../conformance/suite.js'
import { driverSuite } from './suite/driver-suite.js'
import type { DriverSample } from './suite/harness.js'

export function realSuites(driver: Driver): void {
  const sample = realSample(driver)
  driverSuite(driver.name, { ...sample, turn })
  conformanceSuite(driver.name, sample)
}

/**
 * A driver over the sockets of the system.
 *
 * @param times in milliseconds: a scenario that takes longer than `patienceMs` is cancelled, and
 *   reports where it hangs; after `quietMs` no work is pending
 */
export function realSample(
  driver: Driver,
  { patienceMs, quietMs } = { patienceMs: 20_000, quietMs: 15 },
): ConformanceSample & Pick<DriverSample, 'patienceMs'> {
  return {
    driver,
    patienceMs,
    address: '127.0.0.1',
    ipv6: Object.values(networkInterfaces())
      .flat()
      .some((one) => one?.family === 'IPv6'),
    // A label of more than 63 letters, which the resolver refuses without traffic.
    unknownName: `${'x'.repeat(64)}.invalid`,
    descriptors: openSockets,
    // An address for documentation (RFC 5737). Binding it sends nothing.
    foreignAddress: '192.0.2.1',
    // Linux: at most 4 MiB at the sender. The receiver's buffer grows only while its reader keeps
    // up: 3.9 MB were found between two sockets that no task reads.
    moreThanBuffered: 16 * 1024 * 1024,
    quietMs,
    async play(main) {
      const scheduler = new Scheduler()
      const value = await scheduler.run(main, { signal: AbortSignal.timeout(patienceMs) })
      expect(scheduler.snapshot()).toEqual([])
      return value
    },
  }
}
