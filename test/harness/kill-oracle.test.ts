import { FAST } from './harness.js'
import { describeKillOracle } from './kill-oracle/suite.js'

describeKillOracle(FAST)
