import { ALL } from './harness.js'
import { describeKills } from './kills/suite.js'

describeKills(ALL)
