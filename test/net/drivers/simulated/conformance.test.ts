// The simulated driver passes the same suite as the node driver.
import { simulatedConformance } from './conformance.js'

simulatedConformance('simulated', {})
