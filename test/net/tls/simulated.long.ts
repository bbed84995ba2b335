// The suites of every driver over TLS, in the simulation.
import { Simulation } from '@bluelet/net/testing'
import { simulatedSample } from '../drivers/simulated/conformance.js'
import { tlsSuites } from './suites.js'

const world = new Simulation({ addresses: { '192.0.2.1': 'EHOSTUNREACH' } })
tlsSuites(simulatedSample(world), world)
