import { FAST } from './harness.js'
import { describeTraces } from './traces/suite.js'

describeTraces(FAST)
