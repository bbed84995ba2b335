// The servers to compare: each is the shortest honest echo server of its kind, in a process of its
// own on one core.
import { ask, compileC, compileGo, fetchRuntime, findPython, here } from './toolchains.js'

/** The server that the others are compared with. */
export const BASELINE = 'callbacks'

export type Family = 'ours' | 'JavaScript' | 'native' | 'Python'

/** A server that may be available. */
interface Candidate {
  /** For `--only`, and in the results. */
  readonly id: string
  readonly name: string
  readonly family: Family
  /** Builds or downloads what it needs. @throws Error that says why it is not available here */
  prepare(): Prepared
}

interface Prepared {
  readonly version: string
  /** The command, to which the size of the buffer is added. */
  readonly command: readonly string[]
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
  node(BASELINE, 'node:net, callbacks', 'JavaScript', 'callbacks.js'),
  node('for-await', 'node:net, for await', 'JavaScript', 'for-await.js'),
  {
    id: 'bun',
    name: 'Bun.listen',
    family: 'JavaScript',
    prepare() {
      const bun = fetchRuntime('bun')
      return {
        version: `Bun ${ask([bun, '--version'])}`,
        command: [bun, 'run', here('servers/bun.js')],
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
      return {
        version: `Deno ${ask([deno, 'eval', '--no-config', 'console.log(Deno.version.deno)'])}`,
        command: [deno, 'run', ...flags, '--v8-flags=--expose-gc', here('servers/deno.js')],
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
      command: [compileGo('servers/echo.go')],
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
      command: [compileC('servers/echo.c')],
    }),
  },
  // It uses select(2), which supports at most 1,023 descriptors.
  python('bluelet', 'Bluelet on Python', 'echo_bluelet.py', "''", { maxConnections: 1000 }),
  python('asyncio', 'asyncio, protocol', 'echo_asyncio.py', "''"),
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

/** The same server with little else in its memory than its connections. */
export function forMemory(side: Side): Side {
  const { id, command } = side
  const [program, ...rest] = command
  if (program === process.execPath) return { ...side, command: [program, SMALL_YOUNG_GENERATION, ...rest] }
  if (id !== 'deno') return side
  return {
    ...side,
    command: command.map((part) => part.replace('--expose-gc', `$&,${SMALL_YOUNG_GENERATION}`)),
  }
}

function ours(driver: 'epoll' | 'node', style: 'yield' | 'delegate'): Candidate {
  const name = `Bluelet, ${driver}, ${style === 'yield' ? 'yield' : 'yield*'}`
  return node(`${driver}-${style}`, name, 'ours', `bluelet-${style}.js`, [driver])
}

function node(
  id: string,
  name: string,
  family: Family,
  file: string,
  args: readonly string[] = [],
): Candidate {
  const version = `Node ${process.versions.node}`
  const command = [process.execPath, '--expose-gc', here(`servers/${file}`)]
  return { id, name, family, prepare: () => ({ version, command, args, collects: true }) }
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
      command: [program, here(`servers/${file}`)],
      ...more,
    }
  }
  return { id, name, family: 'Python', prepare }
}
