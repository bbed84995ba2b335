// The `epoll` driver runs the suites of every driver.
import { driverNamed } from '@bluelet/net'
import { Scheduler } from '@bluelet/scheduler'
import { expect } from 'vitest'
import { turn } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import { conformanceSuite } from '../conformance/suite.js'
import { driverSuite } from '../driver-suite.js'

/** A scene that takes longer is cancelled: it hangs, and says where. */
const PATIENCE_MS = 4000

const driver = driverNamed('epoll')

const sample = {
  driver,
  address: '127.0.0.1',
  unknownName: `${'x'.repeat(64)}.invalid`,
  descriptors: openSockets,
}

driverSuite('epoll', { ...sample, turn })

conformanceSuite('epoll', {
  ...sample,
  foreignAddress: '192.0.2.1',
  moreThanBuffered: 40 * 1024 * 1024,
  quietMs: 15,
  async play(main) {
    const scheduler = new Scheduler()
    const value = await scheduler.run(main, { signal: AbortSignal.timeout(PATIENCE_MS) })
    expect(scheduler.snapshot()).toEqual([])
    return value
  },
})
