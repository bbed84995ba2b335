import { FAST } from './harness.js'
import { describeModel } from './model/suite.js'

describeModel(FAST)
