// What a user gets: the packages, packed and installed, and what users' bundlers make of them.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build, type Format } from 'esbuild'
import { rollup } from 'rollup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import webpack from 'webpack'
import { type Ended, Project, runCompiler, runNode, runProgram, runTool } from './project.js'

const prebuilt = fileURLToPath(
  new URL(`../../packages/net/prebuilds/${process.platform}-${process.arch}`, import.meta.url),
)

let project: Project
/** The driver that serves where the package has an addon for this machine. */
let fastest: string

beforeAll(() => {
  project = new Project()
  fastest = existsSync(prebuilt) ? 'epoll' : 'node'
})

afterAll(() => project?.remove())

/** The paths of the files of a package that end like this. */
function builtFiles(name: string, ending: string): string[] {
  const dist = project.installed(`${name}/dist`)
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  return files.filter((file) => file.endsWith(ending)).map((file) => join(dist, file))
}

/**
 * Prints whether the driver `epoll` could be loaded, echoes once, and prints the call sites of the
 * tasks.
 */
const ECHO = `
  import { connect, listen } from '@bluelet/net'
  import { driverNamed } from '@bluelet/net/driver'
  import { Scheduler, spawn } from '@bluelet/scheduler'

  let serves = 'epoll'
  try { driverNamed('epoll') } catch { serves = 'node' }

  const scheduler = new Scheduler({ sites: true })
  function* main() {
    const listener = yield* listen('127.0.0.1', 0)
    yield* spawn(function* server() {
      const conn = yield* listener.accept()
      yield* conn.sendall(yield* conn.recv(100))
      conn.close()
    })
    const conn = yield* connect('127.0.0.1', listener.address.port)
    yield* conn.sendall('echo')
    const text = String(yield* conn.readall())
    const sites = scheduler.snapshot().flatMap(({ yieldedAt }) => yieldedAt ?? [])
    conn.close()
    listener.close()
    console.log(serves, text)
    console.log(sites.join('\\n'))
  }
  scheduler.run(main)
`

/** The first line of what it prints, or how it failed. */
function echoed({ code, stdout, stderr }: Ended): string | undefined {
  return code === 0 && stderr === '' ? stdout.split('\n')[0] : `${code}: ${stderr}`
}

/** What a package exports and no program can import: the viewer of traces. */
const NO_MODULES = ['--exclude-entrypoints', 'viewer.html']

describe('the tarballs', () => {
  it('pass publint', () => {
    for (const tarball of project.tarballs) {
      expect(runTool('publint', ['--strict', tarball])).toMatchObject({ code: 0 })
    }
  })

  it('pass are-the-types-wrong', () => {
    for (const tarball of project.tarballs) {
      const checked = runTool('attw', [tarball, '--profile', 'esm-only', '--no-emoji', ...NO_MODULES])

      expect(checked.code, checked.stdout).toBe(0)
    }
  })

  it('bring the source of every file that a source map names', () => {
    const maps = [...builtFiles('scheduler', '.map'), ...builtFiles('net', '.map')]
    const missing = maps.flatMap((map) => {
      const { sources } = JSON.parse(readFileSync(map, 'utf8'))
      return sources.filter((source: string) => !existsSync(resolve(dirname(map), source)))
    })

    expect(maps.length).toBeGreaterThan(10)
    expect(missing).toEqual([])
  })
})

describe('the installed packages', () => {
  it('echo, by the fastest driver that there is', () => {
    expect(echoed(project.run(ECHO))).toBe(`${fastest} echo`)
  })

  it('serve by the node driver where the addon for this machine is missing', () => {
    const prebuilds = project.installed('net/prebuilds')
    const aside = join(project.folder, 'prebuilds')
    if (existsSync(prebuilds)) cpSync(prebuilds, aside, { recursive: true })
    rmSync(prebuilds, { recursive: true, force: true })

    try {
      expect(echoed(project.run(ECHO))).toBe('node echo')
    } finally {
      if (existsSync(aside)) cpSync(aside, prebuilds, { recursive: true })
    }
  })

  it('show no frame of their own files', () => {
    const [, ...sites] = project.run(ECHO).stdout.trim().split('\n')

    expect(sites).not.toEqual([])
    expect(sites.filter((site) => !/program\.js:\d+:\d+\)?$/.test(site))).toEqual([])
  })

  it('load six files at most', () => {
    const hook = `export async function load(url, context, next) {
      if (url.startsWith('file:')) (await import('node:fs')).writeSync(1, url + '\\n')
      return next(url, context)
    }`
    const { stdout } = project.run(`
      import { register } from 'node:module'
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)})
      await import('@bluelet/net')
    `)
    const loaded = stdout.trim().split('\n')

    expect(loaded.length).toBeLessThanOrEqual(6)
    expect(loaded.map((url) => relative(project.installed(''), fileURLToPath(url)))).toEqual(
      expect.arrayContaining(['scheduler/dist/bluelet-scheduler.js', 'net/dist/bluelet-net.js']),
    )
  })

  it('load no module of Node that a start can do without', () => {
    const { stdout } = project.run(`
      import '@bluelet/net'

      const slow = ['dns', 'cluster', 'http', 'tls', 'dgram', 'child_process', 'worker_threads']
      const loaded = (name) => process.moduleLoadList.includes('NativeModule ' + name)
      console.log(loaded('net'), slow.filter(loaded).join())
    `)

    expect(stdout).toBe('true \n')
  })

  it('share one core, whichever entry something comes from', () => {
    const { stdout, stderr } = project.run(`
      import * as net from '@bluelet/net'
      import { nodeDriver } from '@bluelet/net/driver'
      import { simulate } from '@bluelet/net/testing'
      import * as scheduler from '@bluelet/scheduler'
      import { event, spawnUnder } from '@bluelet/scheduler/lowlevel'
      import { randomSchedules, VirtualHost } from '@bluelet/scheduler/testing'

      const { race, run, sleep, spawn } = scheduler
      const answer = { name: 'answer', enter: (waiter, value) => waiter.resume(value), withdraw() {} }
      const log = []

      log.push(net.ClosedError === scheduler.ClosedError)
      // An event of ours in an event of theirs, a task that one entry starts and another waits for,
      // virtual time.
      await run(function* () {
        log.push(yield* race([event(answer, 'own event'), sleep(1e6)]))
        const task = yield* spawnUnder(null)(function* () { return 'task' })
        log.push(yield* scheduler.join(task))
      }, { host: new VirtualHost() })
      await randomSchedules(function* () { log.push(yield event(answer, 'scheduled')) }, { runs: 1 })
      // A connection of the network in memory, and an error that the driver makes.
      log.push(await simulate(function* () {
        yield* spawn(net.server('', 4915, function* (conn) { yield* conn.sendall(yield* conn.recv(9)) }))
        const conn = yield* net.connect('localhost', 4915)
        yield* conn.sendall('simulated')
        return conn instanceof net.Connection && String(yield* conn.readexactly(9))
      }))
      await run(function* () {
        const taken = yield* net.listen('127.0.0.1', 0, { driver: nodeDriver })
        try {
          yield* net.listen('127.0.0.1', taken.address.port, { driver: nodeDriver })
        } catch (error) {
          log.push(error instanceof net.ListenError)
        }
        taken.close()
      })
      console.log(JSON.stringify(log))
    `)

    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([true, 'own event', 'task', 'scheduled', 'simulated', true])
  })

  it.each([
    ['scheduler', /function sleep\b/, 'events/sleep.ts'],
    ['scheduler', /function run\b/, 'loop/scheduler.ts'],
    ['net', /function server\b/, 'server/server.ts'],
    ['net', /function connect\b/, 'socket/connect.ts'],
  ])('have a source map: %s, %s', (name, text, source) => {
    const found = builtFiles(name, '.js').flatMap((file) => {
      const lines = readFileSync(file, 'utf8').split('\n')
      const line = lines.findIndex((built) => text.test(built))
      if (line < 0) return []
      const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
      const entry = map.findEntry(line, text.exec(lines[line]!)!.index + 'function '.length)
      if (!('originalSource' in entry)) return []
      const original = resolve(project.installed(`${name}/dist`), entry.originalSource)
      const there = readFileSync(original, 'utf8').split('\n')[entry.originalLine]
      return [{ source: relative(project.installed(`${name}/src`), original), there }]
    })

    expect(found).toEqual([{ source, there: expect.stringMatching(text) }])
  })

  it('keep the names of tasks and classes', () => {
    const files = [...builtFiles('scheduler', '.js'), ...builtFiles('net', '.js')]
    const renamed = files.flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/(class|function\*) \w+\$\d+|\w+\$\d+ = class/g),
    ])

    expect(renamed.map(([declaration]) => declaration)).toEqual([])
  })
})

describe.each(['5.9', '6.0', '7.0'])('a project that loads no types, with TypeScript %s', (version) => {
  /**
   * An expression for each kind of thing of the API that is of a type of Node or of another
   * package, and its type.
   */
  const TYPES = {
    'yield* conn.recv(9)': 'Buffer<ArrayBufferLike>',
    'yield* conn.readline()': 'Buffer<ArrayBufferLike>',
    'yield* read(stream, 9)': 'Buffer<ArrayBufferLike>',
    'error.partial': 'Buffer<ArrayBufferLike>',
    'socket.read(9)': 'Buffer<ArrayBufferLike> | null',
    'yield* task': 'Date',
    'conn.remoteAddress': 'Address | undefined',
  }

  /**
   * The errors of a program that gives each of them to a function that takes nothing. `any` would
   * be an error of its own.
   */
  function errors(skipLibCheck: boolean): string {
    const uses = Object.keys(TYPES).map((expression) => `  takesNothing(${expression})`)
    project.write(
      'consumer.ts',
      `import { type Connection, type IncompleteReadError, type ReadableLike, read } from '@bluelet/net'
      import type { DriverSocket } from '@bluelet/net/driver'
      import '@bluelet/net/testing'
      import type { Coroutine, Task } from '@bluelet/scheduler'
      import '@bluelet/scheduler/lowlevel'
      import '@bluelet/scheduler/testing'

      declare const stream: ReadableLike, error: IncompleteReadError, socket: DriverSocket, task: Task<Date>
      declare function takesNothing(value: never): void

      export function* uses(conn: Connection): Coroutine<void> {
        ${uses.join('\n')}
      }`,
    )
    const compilerOptions = {
      ...{ target: 'es2022', lib: ['es2022'], module: 'nodenext', strict: true, noEmit: true },
      ...{ types: [], skipLibCheck },
    }
    project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    const { stdout, stderr } = runCompiler(version, project.folder)
    return (stdout + stderr).trim().replace(/^.*consumer\.ts\(\d+,\d+\): error TS\d+: /gm, '')
  }

  it.each([true, false])('sees the types of Node, skipLibCheck: %s', (skipLibCheck) => {
    const expected = Object.values(TYPES).map(
      (type) => `Argument of type '${type}' is not assignable to parameter of type 'never'.`,
    )

    // A type of several parts is explained in a second line.
    expect(
      errors(skipLibCheck)
        .split('\n')
        .filter((line) => !line.startsWith(' ')),
    ).toEqual(expected)
  })
})

describe('Deno', () => {
  it.each([[['--allow-net']], [['--allow-net', '--allow-env', '--allow-read']]])(
    'echoes with %j',
    (permissions) => {
      const run = ['run', '--no-prompt', '--node-modules-dir=manual', ...permissions]
      const deno = fileURLToPath(new URL('../node_modules/.bin/deno', import.meta.url))

      expect(echoed(runProgram(deno, [...run, project.write('program.js', ECHO)]))).toBe('node echo')
    },
  )
})

/** Bundlers that keep the modules of Node outside. They return their warnings. */
const BUNDLERS = {
  async rollup(entry: string, outfile: string, format: 'esm' | 'cjs'): Promise<string[]> {
    const warnings: string[] = []
    const bundle = await rollup({
      input: entry,
      external: /^node:/,
      plugins: [nodeResolve({ exportConditions: ['node'] })],
      onwarn: ({ message }) => warnings.push(message),
    })
    await bundle.write({ file: outfile, format })
    return warnings
  },

  async webpack(entry: string, outfile: string, format: 'esm' | 'cjs'): Promise<string[]> {
    const output = { path: dirname(outfile), filename: basename(outfile) }
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      const done = (error: Error | null, stats?: webpack.Stats) => (error ? reject(error) : resolve(stats))
      webpack(
        {
          ...{ mode: 'production', target: 'node20', context: dirname(entry), entry },
          experiments: { outputModule: format === 'esm' },
          output: { ...output, ...(format === 'esm' ? { module: true, chunkFormat: 'module' } : {}) },
        },
        done,
      )
    })
    const { errors = [], warnings = [] } = stats?.toJson() ?? {}
    return [...errors, ...warnings].map(({ message }) => message)
  },
}

describe('a bundle of a user', () => {
  async function bundled(format: Format, program = ECHO): Promise<string> {
    const outfile = join(project.folder, `bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`)
    await build({
      stdin: { contents: program, resolveDir: project.folder },
      bundle: true,
      format,
      platform: 'node',
      outfile,
      logOverride: { 'empty-import-meta': 'silent' },
    })
    return outfile
  }

  it('echoes, with the addon of the package that is installed beside it', async () => {
    expect(echoed(runNode([await bundled('esm')]))).toBe(`${fastest} echo`)
  })

  it('echoes by the node driver where the package is not installed', async () => {
    const alone = join(dirname(project.folder), 'alone.mjs')
    cpSync(await bundled('esm'), alone)

    expect(echoed(runNode([alone]))).toBe('node echo')
  })

  it('echoes in the CommonJS format, where there is no import.meta.url', async () => {
    const bundle = await bundled('cjs')

    expect(echoed(runNode([bundle]))).toBe('node echo')
    expect(echoed(runNode([bundle], { BLUELET_NATIVE: addon() }))).toBe(`${fastest} echo`)
  })

  function addon(): string {
    return project.installed(`net/prebuilds/${process.platform}-${process.arch}/bluelet.node`)
  }

  it.each([
    ['rollup', 'esm'],
    ['rollup', 'cjs'],
    ['webpack', 'esm'],
    ['webpack', 'cjs'],
  ] as const)('echoes, made by %s (%s)', async (bundler, format) => {
    const entry = project.write('entry.js', ECHO)
    const outfile = join(project.folder, `${bundler}.${format === 'cjs' ? 'cjs' : 'mjs'}`)
    const warnings = await BUNDLERS[bundler](entry, outfile, format)

    expect(warnings).toEqual([])
    expect(echoed(runNode([outfile]))).toBe(`${fastest} echo`)
    expect(echoed(runNode([outfile], { BLUELET_NATIVE: addon() }))).toBe(`${fastest} echo`)
  })

  it('echoes beside the installed package and another bundle, in one process', async () => {
    project.write('entry.js', ECHO)
    const [esm, cjs] = [await bundled('esm'), join(project.folder, 'second.cjs')]
    await BUNDLERS.rollup(join(project.folder, 'entry.js'), cjs, 'cjs')

    const { code, stdout, stderr } = project.run(`
      for (const path of ${JSON.stringify([join(project.folder, 'entry.js'), esm, cjs])}) await import(path)
    `)

    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').filter((line) => line.endsWith(' echo'))).toEqual(
      Array(3).fill(`${fastest} echo`),
    )
  })

  it.each(['esm', 'cjs'] as const)('leaves out no frame of the user (%s)', async (format) => {
    const [, ...sites] = runNode([await bundled(format)])
      .stdout.trim()
      .split('\n')

    expect(sites.some((site) => site.startsWith('main '))).toBe(true)
  })

  /** What is left of a program, in bytes, when a bundler has dropped what it does not use. */
  async function size(program: string): Promise<number> {
    const { outputFiles } = await build({
      stdin: { contents: program, resolveDir: project.folder },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      write: false,
    })
    return outputFiles[0]!.contents.length
  }

  it('has only what it uses', async () => {
    const nothing = await size(
      "import { sleep } from '@bluelet/scheduler'; import { connect } from '@bluelet/net'",
    )
    const error = await size("import { TimeoutError } from '@bluelet/scheduler'; console.log(TimeoutError)")
    const sleep = await size("import { sleep } from '@bluelet/scheduler'; console.log(sleep)")
    const all = await size("import * as all from '@bluelet/scheduler'; console.log(all)")
    console.log(`bytes in a bundle: nothing ${nothing}, an error ${error}, sleep ${sleep}, everything ${all}`)

    expect(nothing).toBe(0)
    expect(error).toBeLessThan(1_000)
    // An event can be awaited, so that it brings the scheduler.
    expect(sleep).toBeLessThan(Math.min(34_700, 0.7 * all))
  })

  it('drops each error class that it does not use, without being told that modules have no side effects', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import ${JSON.stringify(project.installed('scheduler/dist/index.js'))}`,
        resolveDir: project.folder,
      },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      plugins: [
        {
          name: 'side effects',
          setup({ onResolve }) {
            const resolved = (path: string) => ({ path, sideEffects: true })
            onResolve({ filter: /dist\/index\.js$/ }, ({ path }) => resolved(path))
            onResolve({ filter: /^\.\// }, ({ path, resolveDir }) => resolved(join(resolveDir, path)))
          },
        },
      ],
    })
    const text = outputFiles[0]?.text ?? ''

    expect(text).toContain('bluelet-scheduler.js')
    expect(text.match(/class \w+|= class/g) ?? []).toEqual([])
  })
})
