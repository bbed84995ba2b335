// The suites of every driver over Unix sockets. What holds for TCP alone is skipped by name, with
// the reason.
import { beforeEach, describe, expect, it } from 'vitest'
import { turn } from '../../support/deadline.js'
import type { ConformanceSample } from '../conformance/sample.js'
import { conformanceSuite } from '../conformance/suite.js'
import { driverSuite } from '../drivers/suite/driver-suite.js'
import { overUnix } from './over-unix.js'
import { socketDirectory } from './paths.js'
import { reasonToSkip, TCP_ONLY } from './tcp-only.js'

/** Describes the behaviour of a driver over Unix sockets. */
export function unixSuites(sample: ConformanceSample): void {
  const met = new Set<unknown>()

  describe('over Unix sockets:', () => {
    const driver = overUnix(sample.driver, socketDirectory(), sample.address)

    beforeEach(({ task, skip }) => {
      const reason = reasonToSkip(task.name)
      if (reason === undefined) return
      met.add(reason)
      skip(reason[1])
    })

    driverSuite(driver.name, { ...sample, driver, ipv6: false, turn })
    conformanceSuite(driver.name, { ...sample, driver, ipv6: false })
  })

  it('skips only tests that there are', () => {
    expect(TCP_ONLY.filter((entry) => !met.has(entry))).toEqual([])
  })
}
