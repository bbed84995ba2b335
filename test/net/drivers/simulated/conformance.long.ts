// The conformance suite on poor networks, which may only take more time.
import { simulatedConformance } from './conformance.js'

for (const seed of [1, 2, 3]) {
  simulatedConformance(`simulated (${seed}), with packets cut and late,`, {
    fragment: true,
    latency: [0, 5],
    seed,
  })
}
simulatedConformance('simulated, with small buffers,', { buffer: 16_384 })
