// The suites of every driver over a recorded network in memory.
import { Simulation } from '@bluelet/net/testing'
import { simulatedSample } from '../drivers/simulated/conformance.js'
import { recordedSuites, recordedTlsSuites } from './suites.js'

const addresses = { '192.0.2.1': 'EHOSTUNREACH' }

recordedSuites(simulatedSample(new Simulation({ addresses })))

const world = new Simulation({ addresses })
recordedTlsSuites(simulatedSample(world), world)
