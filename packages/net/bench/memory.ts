// Measures the resident memory of an idle connection: before anything was sent, and after one echo.
// Each server is fresh, and has served a few connections before, so one-time costs are not counted.
import { descriptorLimit } from './machine.js'
import { start } from './processes.js'
import type { Comparison } from './results.js'
import { type Sample, takeTurns } from './rounds.js'
import { startServer } from './servers.js'
import { forMemory, type LeftOut, type Side, serves } from './sides.js'
import { here } from './toolchains.js'

const MESSAGE_BYTES = 1
const BUFFER_BYTES = 1024

/** Descriptors that a server needs for itself. */
const SPARE_DESCRIPTORS = 100

const WARM_UP_CONNECTIONS = 500

export interface MemoryOptions {
  readonly rounds: number
  readonly connections: number
}

export async function compareMemory(
  sides: readonly Side[],
  { rounds, connections: wanted }: MemoryOptions,
): Promise<{ comparison: Comparison; leftOut: readonly LeftOut[] }> {
  const connections = Math.min(wanted, descriptorLimit() - SPARE_DESCRIPTORS)
  const from = `memory, ${connections} connections`
  const contestants = sides
    .filter((side) => serves(side, 'echo', MESSAGE_BYTES))
    .map((side) => ({
      id: side.id,
      name: side.name,
      turn: () => measure(side, connections),
    }))
  const { samples, leftOut } = await takeTurns(from, contestants, rounds)
  const comparison = {
    what: 'memory' as const,
    connections,
    messageBytes: MESSAGE_BYTES,
    rounds,
    seconds: 0,
    samples,
  }
  return { comparison, leftOut }
}

async function measure(side: Side, count: number): Promise<Sample> {
  if (count > (side.maxConnections ?? count)) {
    throw new Error(`it supports at most ${side.maxConnections} connections`)
  }
  const server = await startServer(forMemory(side), 'echo', BUFFER_BYTES, null)
  try {
    await withClients(server.port, WARM_UP_CONNECTIONS, (echo) => echo())
    const none = await server.memory()
    return await withClients(server.port, count, async (echo) => {
      const silent = await server.memory()
      await echo()
      const used = await server.memory()
      return { silent: (silent - none) / count, used: (used - none) / count, none }
    })
  } finally {
    await server.stop()
  }
}

async function withClients<T>(
  port: number,
  count: number,
  use: (echo: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const clients = start([process.execPath, here('idle-clients.js'), `${port}`, `${count}`], null)
  try {
    await clients.nextLine()
    return await use(() => {
      const echoed = clients.nextLine()
      clients.say('echo')
      return echoed
    })
  } finally {
    await clients.stop()
  }
}
