// The servers to compare: each is the shortest honest server of its kind, in a process of its own
// on one core.
import { ask, compileC, compileGo, fetchRuntime, findPython, here } from './toolchains.js'

/** The server that the others are compared with. */
export const BASELINE = 'callbacks'

export type Family = 'ours' | 'JavaScript' | 'native' | 'Python'

/**
 * What a server does: it echoes bytes, answers lines with the same lines, serves a little Redis,
 * echoes bytes over TLS, echoes datagrams, or counts them in bursts.
 */
export type Service = 'echo' | 'lines' | 'redis' | 'tls' | 'datagrams' | 'bursts'

/** A server that may be available. */
interface Candidate {
  /** For `--only`, and in the results. */
  readonly id: string
  readonly name: string
  readonly family: Family
  /** The smallest message that it is meant for. Default: 1 byte. */
  readonly minMessageBytes?: number
  /** Builds or downloads what it needs. @throws Error that says why it is not available here */
  prepare(): Prepared
}

type Commands = Readonly<Partial<Record<Service, readonly string[]>>>

interface Prepared {
  readonly version: string
  /** The command for each service that it has, to which the size of the buffer is added. */
  readonly commands: Commands
  /** Arguments that are added after that. */
  readonly args?: readonly string[]
  readonly environment?: NodeJS.ProcessEnv
  /** Whether it collects its garbage on SIGUSR2. */
  readonly collects?: boolean
  /** Maximum number of connections; by default the number of its descriptors. */
  readonly maxConnections?: number
}

/** An available server. */
export interface Side extends Omit<Candidate, 'prepare'>, Prepared {}

/** Why a server is missing from a part of the figures, or from all of them. */
export interface LeftOut {
  readonly side: string
  readonly from: string
  readonly reason: string
}

/**
 * The young generation grows by many megabytes at random moments, which would be counted as memory
 * of connections. So it is kept small for all servers that run on V8 when memory is measured.
 */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=1'

const candidates: readonly Candidate[] = [
  ours('epoll', 'yield'),
  ours('epoll', 'delegate'),
  ours('node', 'yield'),
  ours('node', 'delegate'),
  {
    ...node('epoll-into', 'Bluelet, epoll, recvInto', 'ours', { echo: 'bluelet-into.js' }, ['epoll']),
    minMessageBytes: 64 * 1024,
  },
  node('epoll-many', 'Bluelet, epoll, recvMany', 'ours', { datagrams: 'bluelet-many.js' }, ['epoll']),
  node('node-many', 'Bluelet, node, recvMany', 'ours', { datagrams: 'bluelet-many.js' }, ['node']),
  node(BASELINE, 'Node, callbacks', 'JavaScript', {
    echo: 'callbacks.js',
    lines: 'callbacks.js',
    redis: 'callbacks.js',
    tls: 'callbacks.js', // On node:tls.
    datagrams: 'callbacks.js', // On node:dgram.
    bursts: 'callbacks.js',
  }),
  node('for-await', 'node:net, for await', 'JavaScript', { echo: 'for-await.js' }),
  {
    id: 'bun',
    name: 'Bun.listen',
    family: 'JavaScript',
    prepare() {
      const bun = fetchRuntime('bun')
      return {
        version: `Bun ${ask([bun, '--version'])}`,
        commands: {
          echo: [bun, 'run', here('servers/echo/bun.js')],
          lines: [bun, 'run', here('servers/lines/bun.js')],
        },
        collects: true,
      }
    },
  },
  {
    id: 'deno',
    name: 'Deno.listen',
    family: 'JavaScript',
    prepare() {
      const deno = fetchRuntime('deno')
      const flags = ['--quiet', '--no-config', '--no-lock', '--no-remote', '--allow-net']
      const command = [deno, 'run', ...flags, '--v8-flags=--expose-gc']
      return {
        version: `Deno ${ask([deno, 'eval', '--no-config', 'console.log(Deno.version.deno)'])}`,
        commands: {
          echo: [...command, here('servers/echo/deno.js')],
          lines: [...command, here('servers/lines/deno.js')],
        },
        environment: { DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
        collects: true,
      }
    },
  },
  {
    id: 'go',
    name: 'Go, goroutines',
    family: 'native',
    prepare: () => ({
      version: ask(['go', 'version']).replace(/^go version go(\S+).*$/, 'Go $1'),
      commands: { echo: [compileGo('servers/echo/echo.go')], lines: [compileGo('servers/lines/lines.go')] },
      environment: { GOMAXPROCS: '1' },
      collects: true,
    }),
  },
  {
    id: 'c',
    name: 'C, bare epoll loop',
    family: 'native',
    prepare: () => ({
      version: ask(['cc', '--version']).split('\n')[0]!,
      commands: { echo: [compileC('servers/echo/echo.c')] },
    }),
  },
  // It uses select(2), which supports at most 1,023 descriptors.
  python('bluelet', 'Bluelet on Python', 'echo_bluelet.py', "''", { maxConnections: 1000 }),
  python('asyncio', 'asyncio, protocol', 'echo_asyncio.py', "''"),
  {
    id: 'asyncio-streams',
    name: 'asyncio, streams',
    family: 'Python',
    prepare: () => ({
      version: ask([findPython(), '--version']),
      commands: { lines: [findPython(), here('servers/lines/lines_asyncio_streams.py')] },
    }),
  },
  python('uvloop', 'uvloop, protocol', 'echo_asyncio.py', 'uvloop.__version__', { args: ['uvloop'] }),
  python('gevent', 'gevent', 'echo_gevent.py', 'gevent.__version__'),
  python('trio', 'trio', 'echo_trio.py', 'trio.__version__'),
  python('tornado', 'Tornado', 'echo_tornado.py', 'tornado.version'),
  python('twisted', 'Twisted', 'echo_twisted.py', 'twisted.__version__'),
]

/**
 * Prepares the selected servers; leaves out those that are not available. @throws Error if one is
 * unknown
 */
export function prepareSides(only: readonly string[] | null): { sides: Side[]; leftOut: LeftOut[] } {
  const ids = candidates.map(({ id }) => id)
  for (const id of only ?? []) {
    if (!ids.includes(id)) throw new Error(`there is no side '${id}': expected ${ids.join(', ')}`)
  }
  const sides: Side[] = []
  const leftOut: LeftOut[] = []
  for (const { prepare, ...known } of candidates) {
    if (only !== null && !only.includes(known.id)) continue
    try {
      sides.push({ ...known, ...prepare() })
    } catch (error) {
      leftOut.push({ side: known.name, from: 'all', reason: (error as Error).message })
    }
  }
  return { sides, leftOut }
}

/** Whether a server takes part in a workload. */
export function serves(side: Side, service: Service, messageBytes: number): boolean {
  return side.commands[service] !== undefined && messageBytes >= (side.minMessageBytes ?? 1)
}

/** The same server with little else in its memory than its connections. */
export function forMemory(side: Side): Side {
  if (side.commands.echo === undefined) return side
  const [program, ...rest] = side.commands.echo
  if (program === process.execPath) {
    return { ...side, commands: { echo: [program, SMALL_YOUNG_GENERATION, ...rest] } }
  }
  if (side.id !== 'deno') return side
  const echo = side.commands.echo.map((part) => part.replace('--expose-gc', `$&,${SMALL_YOUNG_GENERATION}`))
  return { ...side, commands: { echo } }
}

function ours(driver: 'epoll' | 'node', style: 'yield' | 'delegate'): Candidate {
  const name = `Bluelet, ${driver}, ${style === 'yield' ? 'yield' : 'yield*'}`
  const file = `bluelet-${style}.js`
  const files = { echo: file, lines: file, redis: file, tls: file, datagrams: file, bursts: file }
  return node(`${driver}-${style}`, name, 'ours', files, [driver])
}

/** @param files the file for each service, in the folder of the service */
function node(
  id: string,
  name: string,
  family: Family,
  files: Readonly<Partial<Record<Service, string>>>,
  args: readonly string[] = [],
): Candidate {
  const version = `Node ${process.versions.node}`
  const commands = Object.fromEntries(
    Object.entries(files).map(([service, file]) => [
      service,
      [process.execPath, '--expose-gc', here(`servers/${service}/${file}`)],
    ]),
  )
  return { id, name, family, prepare: () => ({ version, commands, args, collects: true }) }
}

/** @param version a Python expression, evaluated after the module of that id is imported */
function python(
  id: string,
  name: string,
  file: string,
  version: string,
  more: Partial<Prepared> = {},
): Candidate {
  const prepare = () => {
    const program = findPython()
    const script = `import ${id}\nprint(${version})`
    const own = ask([program, '-c', script])
    const language = ask([program, '--version'])
    return {
      version: own === '' ? language : `${language}, ${id} ${own}`,
      commands: { echo: [program, here(`servers/echo/${file}`)] },
      ...more,
    }
  }
  return { id, name, family: 'Python', prepare }
}
