// The suites of every driver over Unix sockets, on the `node` driver.
import { nodeDriver } from '@bluelet/net/driver'
import { realSample } from '../drivers/real-suites.js'
import { unixSuites } from './suites.js'

unixSuites(realSample(nodeDriver))
