// Promise 3: a million deep. depth-delegated.long.ts throws through as many `yield*`.
import { depthSuite } from './depth-suite.js'

depthSuite(1_000_000)
