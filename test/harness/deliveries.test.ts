import { describeDeliveries } from './deliveries/suite.js'

describeDeliveries(40)
