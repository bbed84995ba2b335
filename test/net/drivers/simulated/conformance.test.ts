// The simulated driver passes what the node driver passes.
import { simulatedConformance } from './conformance.js'

simulatedConformance('simulated', {})
