import { ALL } from './harness.js'
import { describeModel } from './model/suite.js'

describeModel(ALL)
