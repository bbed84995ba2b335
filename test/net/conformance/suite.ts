// The stream conformance suite: the behaviour of connections over every driver. It is the contract
// that makes drivers interchangeable.
import { sleep } from '@bluelet/scheduler'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { collecting } from './collecting.js'
import { endpoints } from './endpoints.js'
import { flushing } from './flushing.js'
import { gone } from './gone.js'
import { ConformanceHarness } from './harness.js'
import { netTest } from './nettest.js'
import { nodeCases } from './node-cases/suite.js'
import { overload } from './overload.js'
import { readsAndSends } from './reads-and-sends.js'
import { relaying } from './relaying.js'
import { returnedValues } from './returned-values.js'
import type { ConformanceSample } from './sample.js'
import { twoWayStream } from './two-way-stream.js'

/** The milliseconds that the last descriptors may take to close. */
const PATIENCE_MS = 20_000

/** Describes the behaviour of connections over a driver. */
export function conformanceSuite(name: string, sample: ConformanceSample): void {
  const harness = new ConformanceHarness(sample)

  describe(`connections over the ${name} driver`, () => {
    leavesNoDescriptor(sample)
    twoWayStream(harness)
    netTest(harness)
    endpoints(harness)
    readsAndSends(harness)
    collecting(harness)
    flushing(harness)
    gone(harness)
    overload(harness)
    nodeCases(harness)
    returnedValues(harness)
    relaying(harness)
  })
}

/** Checks that each test leaves no descriptor open. */
function leavesNoDescriptor(sample: ConformanceSample): void {
  let before = 0

  beforeEach(() => {
    before = sample.descriptors()
  })

  afterEach(async () => {
    await sample.play(function* () {
      for (let waited = 0; sample.descriptors() > before && waited < PATIENCE_MS; waited++) yield* sleep(1)
    })

    expect(sample.descriptors(), 'descriptors after the test').toBeLessThanOrEqual(before)
  })
}
