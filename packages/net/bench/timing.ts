// How long each part is measured, in a complete and in a quick run.
import type { MemoryOptions } from './memory.js'
import type { Timing } from './traffic.js'
import type { Workload } from './workloads.js'

/**
 * From this number of connections on, a shorter time measures accidents: which of them are served
 * in it.
 */
const MANY_CONNECTIONS = 1000

/**
 * The windows of a quick run are short, and there are several: the median of their ratios leaves
 * out those that something else has disturbed.
 */
export function timingOf({ what, connections }: Workload, quick: boolean): Timing {
  // A connection takes more code than an echo, which has to be compiled; so does TLS.
  if (quick && (what === 'connects' || what === 'handshakes'))
    return { rounds: 7, seconds: 0.6, warmUpSeconds: 0.1, firstWarmUpSeconds: 4 }
  if (quick && what === 'tls') return { rounds: 7, seconds: 0.4, warmUpSeconds: 0.1, firstWarmUpSeconds: 4 }
  const many = connections >= MANY_CONNECTIONS
  if (!quick) return { rounds: 7, seconds: many ? 3 : 1, warmUpSeconds: 0.2, firstWarmUpSeconds: 1.5 }
  return many
    ? { rounds: 3, seconds: 1.5, warmUpSeconds: 0.1, firstWarmUpSeconds: 0.5 }
    : { rounds: 7, seconds: 0.25, warmUpSeconds: 0.05, firstWarmUpSeconds: 0.4 }
}

export function memoryEffort(quick: boolean): MemoryOptions {
  return quick ? { rounds: 1, connections: 10_000 } : { rounds: 3, connections: 10_000 }
}

export function startRounds(quick: boolean): number {
  return quick ? 9 : 15
}
