// Promise 3 of the design: a million deep. depth-delegated.long.ts throws through as many `yield*`.
import { depthSuite } from './depth-suite.js'

depthSuite(1_000_000)
