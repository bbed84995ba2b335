// Promise 9 of the network, two thousand connections at once.
import { stressTests } from './stress.js'

stressTests(2000)
