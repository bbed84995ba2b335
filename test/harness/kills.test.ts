import { FAST } from './harness.js'
import { describeKills } from './kills/suite.js'

describeKills(FAST)
