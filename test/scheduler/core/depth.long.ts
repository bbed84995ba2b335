// Promise 3 of the design: a million deep. By `yield*` it is thrown through in depth-delegated.long.ts.
import { depthSuite } from './depth-suite.js'

depthSuite(1_000_000)
