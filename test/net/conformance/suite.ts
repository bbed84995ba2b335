// What every driver must do at the level of connections: the stream conformance suite. It takes a sample of the driver, and is
// the contract that lets one driver stand in for another.
import { sleep } from '@bluelet/scheduler'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { Bench } from './bench.js'
import { netTest } from './nettest.js'
import { nodeCases } from './node-cases/suite.js'
import type { ConformanceSample } from './sample.js'
import { twoWayStream } from './two-way-stream.js'

/** How long the last descriptors may take to go, in milliseconds. */
const PATIENCE_MS = 2000

/** Describes what every driver must do, and tries it on this one. */
export function conformanceSuite(name: string, sample: ConformanceSample): void {
  const bench = new Bench(sample)

  describe(`connections over the ${name} driver`, () => {
    leavesNoDescriptor(sample)
    twoWayStream(bench)
    netTest(bench)
    nodeCases(bench)
  })
}

/** After each test no more descriptors are held than before it. */
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
