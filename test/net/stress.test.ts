// Four hundred connections at once; stress.long.ts has two thousand.
import { stressTests } from './stress.js'

stressTests(400)
