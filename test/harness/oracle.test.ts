import { FAST } from './harness.js'
import { describeOracle } from './oracle/suite.js'

describeOracle(FAST)
