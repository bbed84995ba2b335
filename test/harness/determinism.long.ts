import { describeDeterminism } from './determinism/suite.js'
import { ALL } from './harness.js'

describeDeterminism(ALL)
