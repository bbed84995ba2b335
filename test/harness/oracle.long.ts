import { ALL } from './harness.js'
import { describeOracle } from './oracle/suite.js'

describeOracle(ALL)
