// The suite of datagrams on the `node` driver.
import { nodeDriver } from '@bluelet/net/driver'
import { realSample } from '../drivers/real-suites.js'
import { datagramSuite } from './suite.js'

datagramSuite('node', realSample(nodeDriver))
