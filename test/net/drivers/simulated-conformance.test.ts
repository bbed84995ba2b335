// The simulated driver passes what the node driver passes.
import { simulatedConformance } from './simulated-conformance.js'

simulatedConformance('simulated', {})
