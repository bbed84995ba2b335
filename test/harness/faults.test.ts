import { describeFaults } from './faults/suite.js'
import { FAST } from './harness.js'

describeFaults(FAST)
