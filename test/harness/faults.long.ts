import { describeFaults } from './faults/suite.js'
import { ALL } from './harness.js'

describeFaults(ALL)
