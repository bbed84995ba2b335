// The suite of datagrams on a network in memory.
import { Simulation } from '@bluelet/net/testing'
import { simulatedSample } from '../drivers/simulated/conformance.js'
import { datagramSuite } from './suite.js'

datagramSuite('simulated', simulatedSample(new Simulation({ addresses: { '192.0.2.1': 'EHOSTUNREACH' } })))
