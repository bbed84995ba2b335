// The suites of every driver over TLS. What holds without TLS alone is skipped by name, with the
// reason.
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../../packages/net/src/drivers/tls/side.js'
import { makeCertificates, noOpenssl } from '../../support/certificates.js'
import { turn } from '../../support/deadline.js'
import type { ConformanceSample } from '../conformance/sample.js'
import { conformanceSuite } from '../conformance/suite.js'
import { driverSuite } from '../drivers/suite/driver-suite.js'
import { overTls, tlsEnds } from './over-tls.js'
import { PLAIN_ONLY, reasonToSkip } from './plain-only.js'

/** TLS takes longer than the bare sockets. */
export const TLS_TIMES = { patienceMs: 20_000, quietMs: 60 }

/** Describes the behaviour of a driver over TLS. */
export function tlsSuites(sample: ConformanceSample, clock: Clock): void {
  if (noOpenssl) {
    it.skip(`over TLS (${noOpenssl})`)
    return
  }
  const met = new Set<unknown>()
  const certificates = makeCertificates()
  afterAll(() => certificates.remove())

  describe('over TLS:', () => {
    const driver = overTls(sample.driver, tlsEnds(certificates), clock)

    beforeEach(({ task, skip }) => {
      const reason = reasonToSkip(task.name)
      if (reason === undefined) return
      met.add(reason)
      skip(reason[1])
    })

    driverSuite(driver.name, { ...sample, driver, turn })
    conformanceSuite(driver.name, { ...sample, driver })
  })

  it('skips only tests that there are', () => {
    expect(PLAIN_ONLY.filter((entry) => !met.has(entry))).toEqual([])
  })
}
