// The suites of every driver over Unix sockets, in the simulation.
import { Simulation } from '@bluelet/net/testing'
import { simulatedSample } from '../drivers/simulated/conformance.js'
import { unixSuites } from './suites.js'

unixSuites(simulatedSample(new Simulation()))
