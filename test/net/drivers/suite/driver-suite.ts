// The suite of every driver, without connections on top. Both ends are sockets of the driver, so
// that a network in memory can run the same suite as the kernel's.
import { describe } from 'vitest'
import { describeClosing } from './closing.js'
import { describeConnecting } from './connecting.js'
import { DriverHarness, type DriverSample } from './harness.js'
import { describeListening } from './listening.js'
import { describeLookup } from './lookup.js'
import { describeReading } from './reading.js'
import { describeAcknowledgements, describeShutdown, describeWriting } from './writing.js'

/** Describes the behaviour that every driver must have. */
export function driverSuite(name: string, sample: DriverSample): void {
  const harness = new DriverHarness(sample)

  describe(`the ${name} driver, like every driver,`, () => {
    describeLookup(sample, harness)
    describeListening(sample, harness)
    describeConnecting(sample, harness)
    describeReading(harness)
    describeWriting(harness)
    describeAcknowledgements(harness)
    describeShutdown(harness)
    describeClosing(sample, harness)
  })
}
