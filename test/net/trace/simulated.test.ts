// The suite of every driver over a recorded network in memory.
import { Simulation } from '@bluelet/net/testing'
import { turn } from '../../support/deadline.js'
import { simulatedSample } from '../drivers/simulated/conformance.js'
import { driverSuite } from '../drivers/suite/driver-suite.js'
import { recordedDriver } from './suites.js'

const sample = simulatedSample(new Simulation())

driverSuite('simulated, recorded,', { ...sample, driver: recordedDriver(sample.driver), turn })
