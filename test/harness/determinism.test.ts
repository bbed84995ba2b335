import { describeDeterminism } from './determinism/suite.js'
import { FAST } from './harness.js'

describeDeterminism(FAST)
