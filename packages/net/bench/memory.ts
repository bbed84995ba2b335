// The resident memory of a connection on which nothing happens: before anything was sent, and after one echo. Each server
// is fresh, and has served a few connections before, so that what it needs once is not counted.
import { fileURLToPath } from 'node:url'
import type { DriverName } from '@bluelet/net'
import { descriptorLimit } from './machine.js'
import { nextMessage, startNode, stop } from './processes.js'
import { BASELINE, servers, startServer } from './servers.js'
import { median, spread, table } from './statistics.js'

/** Descriptors that a server needs for itself. */
const SPARE_DESCRIPTORS = 100

const WARM_UP_CONNECTIONS = 500

/**
 * The young generation grows by many megabytes at moments that depend on chance, which would be counted as memory of
 * connections; so it is kept small, for all alike.
 */
const FLAGS = ['--max-semi-space-size=1']

export interface MemoryOptions {
  readonly rounds: number
  readonly connections: number
}

interface Sample {
  /** Bytes for each connection on which nothing was ever sent. */
  readonly silent: number
  /** Bytes for each connection that was used once. */
  readonly used: number
}

export async function compareMemory({ rounds, connections }: MemoryOptions): Promise<void> {
  const count = Math.min(connections, descriptorLimit() - SPARE_DESCRIPTORS)
  const samples = new Map<string, Sample[]>(servers.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, file, driver] of servers) {
      samples.get(name)!.push(await measure(name, file, driver, count))
    }
  }
  console.log(
    `\nmemory: resident bytes of an idle connection, ${count} of them, ${rounds} rounds; median (least-greatest)`,
  )
  console.log(report(samples))
}

async function measure(
  name: string,
  file: string,
  driver: DriverName | undefined,
  count: number,
): Promise<Sample> {
  const server = await startServer(name, file, driver, null, FLAGS)
  try {
    await withClients(server.port, WARM_UP_CONNECTIONS, async (echo) => echo())
    const none = await server.memory()
    return await withClients(server.port, count, async (echo) => {
      const silent = await server.memory()
      await echo()
      const used = await server.memory()
      return { silent: (silent - none) / count, used: (used - none) / count }
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
  const file = fileURLToPath(new URL('idle-clients.js', import.meta.url))
  const clients = startNode(file, [`${port}`, `${count}`], null)
  try {
    await nextMessage(clients)
    return await use(() => {
      const echoed = nextMessage(clients)
      clients.send('echo')
      return echoed
    })
  } finally {
    await stop(clients)
  }
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): string {
  const baseline = samples.get(BASELINE)!
  const rows = [...samples].map(([name, own]) => [
    name,
    spread(
      own.map(({ silent }) => silent),
      0,
    ),
    spread(
      own.map(({ used }) => used),
      0,
    ),
    median(own.map(({ silent }, round) => silent / baseline[round]!.silent)).toFixed(2),
    median(own.map(({ used }, round) => used / baseline[round]!.used)).toFixed(2),
  ])
  const titles = ['server', 'nothing sent', 'after one echo', `x ${BASELINE}`, '(less is better)']
  return table([titles, ...rows])
}
