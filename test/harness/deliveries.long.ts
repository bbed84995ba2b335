import { describeDeliveries } from './deliveries/suite.js'
import { ALL } from './harness.js'

describeDeliveries(ALL)
