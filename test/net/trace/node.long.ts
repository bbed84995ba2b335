// The suites of every driver over the `node` driver, recorded.
import { nodeDriver } from '@bluelet/net/driver'
import { realSample } from '../drivers/real-suites.js'
import { recordedSuites } from './suites.js'

recordedSuites(realSample(nodeDriver))
