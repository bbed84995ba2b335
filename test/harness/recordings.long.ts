import { ALL } from './harness.js'
import { describeRecordings } from './recordings/suite.js'

describeRecordings(ALL)
