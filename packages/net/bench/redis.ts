// The load of Redis: redis-benchmark, which sends SET and GET in batches.
import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Load } from './load.js'
import { pinned, reasonIn } from './processes.js'
import type { Sample } from './rounds.js'

/** Commands of each kind in a warm-up, for each of its seconds. */
const WARM_UP_COMMANDS = 50_000

/** Commands of each kind whose time is measured at least. */
const MIN_COMMANDS = 10_000

/** Time after which a load counts as hanging. */
const PATIENCE_MS = 60_000

const COMMANDS = ['set', 'get']

/** @throws Error if the program is not installed */
export function findRedisLoad(): Load {
  if (spawnSync('redis-benchmark', ['--version']).status !== 0) throw new Error('no redis-benchmark here')
  return async ({ port, pid }, { workload, seconds, warmUpSeconds, core }) => {
    const run = (commands: number) => benchmark(port, commands, workload.connections, workload.inFlight, core)
    const warm = await run(Math.ceil(WARM_UP_COMMANDS * warmUpSeconds))
    const commands = Math.max(MIN_COMMANDS, Math.round((warm.perSecond * seconds) / COMMANDS.length))
    const before = cpuOf(pid)
    const { perSecond, p50, p99 } = await run(commands)
    return { cpu: (cpuOf(pid) - before) / (commands * COMMANDS.length), perSecond, p50, p99 }
  }
}

async function benchmark(
  port: number,
  commands: number,
  connections: number,
  inFlight: number,
  core: number | null,
): Promise<Pick<Sample, 'perSecond' | 'p50' | 'p99'> & { perSecond: number }> {
  const numbers = { p: port, n: commands, c: connections, P: inFlight }
  const options = Object.entries(numbers).flatMap(([option, value]) => [`-${option}`, `${value}`])
  const [file, ...args] = pinned(['redis-benchmark', '-t', COMMANDS.join(), '--csv', ...options], core)
  const { stdout } = await promisify(execFile)(file, args, { timeout: PATIENCE_MS }).catch((error) => {
    throw new Error(error.killed ? 'it hangs' : reasonIn(error.stderr || error.message))
  })
  const [titles, ...rows] = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')))
  if (rows.length !== COMMANDS.length) throw new Error(`redis-benchmark printed ${stdout.slice(0, 80)}`)
  const mean = (title: string) => {
    const column = titles!.indexOf(title)
    return rows.reduce((sum, row) => sum + Number(row[column]), 0) / rows.length
  }
  return { perSecond: mean('rps'), p50: mean('p50_latency_ms') * 1000, p99: mean('p99_latency_ms') * 1000 }
}

/** Returns the CPU time of a process with all of its threads, in microseconds. */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000
}
