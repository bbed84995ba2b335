import { ALL } from './harness.js'
import { describeTraces } from './traces/suite.js'

describeTraces(ALL)
