// Measures the time from the start of a server's process to its first reply.
import { once } from 'node:events'
import net from 'node:net'
import type { Cores } from './machine.js'
import type { Comparison } from './results.js'
import { type Sample, takeTurns } from './rounds.js'
import { startServer } from './servers.js'
import { type LeftOut, type Side, serves } from './sides.js'

const MESSAGE_BYTES = 1
const BUFFER_BYTES = 1024

export async function compareStart(
  sides: readonly Side[],
  cores: Cores,
  rounds: number,
): Promise<{ comparison: Comparison; leftOut: readonly LeftOut[] }> {
  const contestants = sides
    .filter((side) => serves(side, 'echo', MESSAGE_BYTES))
    .map((side) => {
      let first = true // The first start loads the files into memory.
      return {
        id: side.id,
        name: side.name,
        async turn() {
          if (first) await measure(side, cores)
          first = false
          return measure(side, cores)
        },
      }
    })
  const { samples, leftOut } = await takeTurns('start', contestants, rounds)
  const size = { connections: 1, messageBytes: MESSAGE_BYTES, seconds: 0 }
  return { comparison: { what: 'start', ...size, rounds, samples }, leftOut }
}

async function measure(side: Side, cores: Cores): Promise<Sample> {
  const began = performance.now()
  const server = await startServer(side, 'echo', BUFFER_BYTES, cores.server)
  try {
    const socket = net.connect({ host: '127.0.0.1', port: server.port, noDelay: true })
    socket.write('x')
    await once(socket, 'data')
    const ms = performance.now() - began
    socket.destroy()
    return { ms }
  } finally {
    await server.stop()
  }
}
