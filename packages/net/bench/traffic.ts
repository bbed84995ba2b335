// Measures the server's CPU time, user and system, per message, on lasting connections and on new
// ones. Also measures messages per second and latency. These alone flatter slow servers: the load
// generator saturates before a fast server does.
import type { Load } from './load.js'
import type { Cores } from './machine.js'
import type { Comparison } from './results.js'
import { takeTurns } from './rounds.js'
import { type RunningServer, startServer } from './servers.js'
import type { LeftOut, Side } from './sides.js'
import { titleOf } from './tables.js'
import type { Workload } from './workloads.js'

export interface Timing {
  readonly rounds: number
  /** Of each turn. */
  readonly seconds: number
  /**
   * Of each turn. The first round has a warm-up turn that is this many times as long, because
   * compilers have work to do.
   */
  readonly warmUpSeconds: number
  readonly firstWarmUpSeconds: number
}

export async function compareTraffic(
  sides: readonly Side[],
  load: Load,
  cores: Cores,
  workload: Workload,
  { rounds, seconds, warmUpSeconds, firstWarmUpSeconds }: Timing,
): Promise<{ comparison: Comparison; leftOut: readonly LeftOut[] }> {
  const { what, service, connections, messageBytes, inFlight, bufferBytes } = workload
  const from = titleOf(workload)
  const leftOut: LeftOut[] = []
  const servers: RunningServer[] = []
  try {
    for (const side of sides) {
      try {
        servers.push(await startServer(side, service, bufferBytes, cores.server))
      } catch (error) {
        leftOut.push({ side: side.name, from, reason: (error as Error).message })
      }
    }
    const warmed = new Set<RunningServer>()
    const contestants = servers.map((server) => ({
      id: server.side.id,
      name: server.side.name,
      async turn() {
        const warmUp = warmed.has(server) ? warmUpSeconds : firstWarmUpSeconds
        warmed.add(server)
        return load(server, { workload, seconds, warmUpSeconds: warmUp, core: cores.load })
      },
    }))
    const turns = await takeTurns(from, contestants, rounds)
    const { samples } = turns
    const comparison = { what, connections, messageBytes, inFlight, rounds, seconds, samples }
    return { comparison, leftOut: [...leftOut, ...turns.leftOut] }
  } finally {
    for (const server of servers) await server.stop()
  }
}
