import { FAST } from './harness.js'
import { describeRecordings } from './recordings/suite.js'

describeRecordings(FAST)
