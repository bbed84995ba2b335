// Measures the server's CPU time, user and system, per echo, on lasting connections and on new
// ones. Also measures echoes per second and latency. These alone flatter slow servers: the load
// generator saturates before a fast server does.
import type { Load } from './load.js'
import type { Cores } from './machine.js'
import type { Comparison } from './results.js'
import { takeTurns } from './rounds.js'
import { type RunningServer, startServer } from './servers.js'
import type { LeftOut, Side } from './sides.js'

/** Bytes that a server reads at a time: several small messages, or one large one. */
const SMALL_BUFFER_BYTES = 1024

export interface EchoOptions {
  readonly what: 'echo' | 'connects'
  readonly connections: number
  readonly messageBytes: number
  readonly rounds: number
  readonly seconds: number
  /**
   * Of each turn. The first round has a warm-up turn that is this many times as long, because
   * compilers have work to do.
   */
  readonly warmUpSeconds: number
  readonly firstWarmUpSeconds: number
}

export async function compareEcho(
  sides: readonly Side[],
  load: Load,
  cores: Cores,
  options: EchoOptions,
): Promise<{ comparison: Comparison; leftOut: readonly LeftOut[] }> {
  const { what, connections, messageBytes, rounds, seconds, warmUpSeconds, firstWarmUpSeconds } = options
  const from = `${what}, ${connections} x ${messageBytes} B`
  const settings = { connections, messageBytes, reconnects: what === 'connects', core: cores.load }
  const leftOut: LeftOut[] = []
  const servers: RunningServer[] = []
  try {
    for (const side of sides) {
      try {
        const server = await startServer(side, Math.max(SMALL_BUFFER_BYTES, messageBytes), cores.server)
        servers.push(server)
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
        return load(server, { ...settings, seconds, warmUpSeconds: warmUp })
      },
    }))
    const turns = await takeTurns(from, contestants, rounds)
    const { samples } = turns
    const comparison = { what, connections, messageBytes, rounds, seconds, samples }
    return { comparison, leftOut: [...leftOut, ...turns.leftOut] }
  } finally {
    for (const server of servers) await server.stop()
  }
}
