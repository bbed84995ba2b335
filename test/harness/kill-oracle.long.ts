import { ALL } from './harness.js'
import { describeKillOracle } from './kill-oracle/suite.js'

describeKillOracle(ALL)
