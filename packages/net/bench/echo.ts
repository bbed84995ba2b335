// The server's own CPU time, user and system, for each echo. Not requests a second: the load generator saturates before
// a fast server does, so that they flatter the slow ones. The servers take turns, so that what else this machine does
// meets them all, and each is compared with the baseline of its own round.
import { compileLoad, type LoadResult, load } from './load.js'
import { chooseCores } from './machine.js'
import { BASELINE, type RunningServer, servers, startServer } from './servers.js'
import { median, spread, table } from './statistics.js'

const CONNECTIONS = 64
const MESSAGE_BYTES = 64

export interface EchoOptions {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

interface Sample extends LoadResult {
  /** CPU time of the server for each echo, in microseconds. */
  readonly cost: number
}

export async function compareEcho({ rounds, seconds, warmUpSeconds }: EchoOptions): Promise<void> {
  const program = compileLoad()
  if (program === null) return
  const cores = chooseCores()
  const started: RunningServer[] = []
  const samples = new Map<string, Sample[]>(servers.map(([name]) => [name, []]))
  const sample = async (server: RunningServer, seconds: number): Promise<Sample> => {
    const options = { connections: CONNECTIONS, messageBytes: MESSAGE_BYTES, warmUpSeconds: 0 }
    const before = await server.cpu()
    const result = await load(program, { ...options, port: server.port, seconds, core: cores.load })
    return { ...result, cost: ((await server.cpu()) - before) / result.total }
  }
  try {
    for (const [name, file, driver] of servers) {
      started.push(await startServer(name, file, driver, cores.server))
    }
    for (const server of started) await sample(server, warmUpSeconds)
    for (let round = 0; round < rounds; round++) {
      for (const server of started) samples.get(server.name)!.push(await sample(server, seconds))
    }
  } finally {
    for (const server of started) await server.stop()
  }
  const where = cores.server === null ? 'not pinned to cores' : `on cores ${cores.server} and ${cores.load}`
  console.log(
    `\necho: ${CONNECTIONS} connections, ${MESSAGE_BYTES}-byte messages, ${rounds} interleaved rounds of ${seconds} s, server and load ${where}; median (least-greatest)`,
  )
  console.log(report(samples))
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): string {
  const baseline = samples.get(BASELINE)!
  const rows = [...samples].map(([name, own]) => {
    const ratios = own.map(({ cost }, round) => baseline[round]!.cost / cost)
    return [
      name,
      spread(own.map(({ cost }) => cost)),
      median(own.map(({ requestsPerSecond }) => requestsPerSecond)).toFixed(0),
      median(own.map(({ p50 }) => p50)).toFixed(0),
      median(own.map(({ p99 }) => p99)).toFixed(0),
      spread(ratios),
    ]
  })
  const titles = [
    'server',
    'us of CPU an echo',
    'echoes/s',
    'p50 us',
    'p99 us',
    `x ${BASELINE} (more is better)`,
  ]
  return table([titles, ...rows])
}
