// Which driver is used, in a process of its own, depending on the environment and the native part.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { environmentVariable, nextTurn } from '../../../packages/net/src/drivers/environment.js'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import { candidates, loadNative, ofThisVersion } from '../../../packages/net/src/drivers/epoll/native.js'
import { driverNamed } from '../../../packages/net/src/drivers/real.js'
import { runScript } from '../../support/script.js'
import { LARGE } from '../../support/tags.js'
import { FalseNative } from './epoll/fake-native.js'

const packageUrl = new URL('../../../packages/net/', import.meta.url)
const unbuilt = epollDriver() instanceof Error
const directory = mkdtempSync(join(tmpdir(), 'bluelet-real-'))

afterAll(() => rmSync(directory, { recursive: true }))
afterEach(() => {
  vi.unstubAllEnvs()
  for (const name of ['bun', 'deno']) Reflect.deleteProperty(process.versions, name)
})

/** Echoes once, and prints which driver was used. */
const ECHO = `
  import { connect, listen } from '@bluelet/net'
  import { run, spawn } from '@bluelet/scheduler'
  const { realDriver } = await import('${new URL('dist/drivers/real.js', packageUrl)}')

  await run(function* () {
    const listener = yield* listen('127.0.0.1', 0, OPTIONS)
    yield* spawn(function* () {
      const conn = yield* listener.accept()
      yield* conn.sendall(yield* conn.recv(100))
      conn.close()
    })
    const conn = yield* connect('127.0.0.1', listener.address.port, OPTIONS)
    yield* conn.sendall('echo')
    console.log(realDriver().name, String(yield* conn.readall()))
    conn.close()
    listener.close()
  })
`

function echo(env: NodeJS.ProcessEnv, options = '{}', flags: readonly string[] = []) {
  const neutral = { BLUELET_DRIVER: '', BLUELET_NATIVE: '' }
  return runScript(ECHO.replaceAll('OPTIONS', options), flags, { env: { ...neutral, ...env } })
}

/** A file with that content, to take the place of the native part. */
function file(name: string, content: Buffer | string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

/** An addon whose header names another machine. */
function foreign(binary: Buffer): Buffer {
  const bytes = Buffer.from(binary)
  bytes.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18) // e_machine: EM_X86_64, EM_AARCH64
  return bytes
}

const binary = (): Buffer => readFileSync(new URL('native/build/Release/bluelet.node', packageUrl))

/** Missing native parts, and some that cannot be loaded. */
const BROKEN: readonly [string, () => string, RegExp][] = [
  ['absent', () => join(directory, 'absent.node'), /no such file or directory, open '[^']*absent\.node'/],
  ['empty', () => file('empty.node', ''), /file too short/],
  ['no addon', () => file('none.node', 'this is no addon'), /file too short|invalid ELF header/],
]
const BROKEN_COPY: readonly [string, () => string, RegExp][] = [
  ['cut off', () => file('cut.node', binary().subarray(0, 5000)), /cut\.node: the file is truncated/],
  ['for another processor', () => file('foreign.node', foreign(binary())), /foreign\.node/],
]

describe('the driver in use', { tags: [LARGE.name], timeout: 30_000 }, () => {
  it.skipIf(unbuilt)('is epoll by default, where it is built', async () => {
    expect(await echo({})).toEqual({ code: 0, stdout: 'epoll echo\n', stderr: '' })
  })

  it('is the one that BLUELET_DRIVER names', async () => {
    expect(await echo({ BLUELET_DRIVER: 'node' })).toEqual({ code: 0, stdout: 'node echo\n', stderr: '' })
  })

  it('is an error when BLUELET_DRIVER names an unknown driver; the error lists the choices', async () => {
    const { code, stderr } = await echo({ BLUELET_DRIVER: 'foo' })

    expect(code).toBe(1)
    expect(stderr).toContain("BLUELET_DRIVER: there is no driver 'foo'; expected 'epoll' or 'node'")
  })

  const broken = unbuilt ? BROKEN : [...BROKEN, ...BROKEN_COPY]

  it.each(broken)('is node, without a warning, where the native part is %s', async (_name, make) => {
    expect(await echo({ BLUELET_NATIVE: make() })).toEqual({ code: 0, stdout: 'node echo\n', stderr: '' })
  })

  it.each(broken)(
    'is not epoll where its native part is %s; the error says why',
    async (_name, make, why) => {
      const byName = await echo({ BLUELET_NATIVE: make() }, "{ driver: 'epoll' }")
      const byVariable = await echo({ BLUELET_NATIVE: make(), BLUELET_DRIVER: 'epoll' })

      expect([byName.code, byVariable.code]).toEqual([1, 1])
      expect(byName.stderr).toMatch(
        /Error: the driver 'epoll' is not available here: its native part cannot be/,
      )
      expect(byVariable.stderr).toMatch(
        /Error: BLUELET_DRIVER: the driver 'epoll' is not available here: its nat/,
      )
      for (const { stderr } of [byName, byVariable]) expect(stderr).toMatch(why)
    },
  )

  it('is node where addons are forbidden', async () => {
    const { stdout, stderr } = await echo({}, '{}', ['--no-addons'])

    expect([stdout, stderr]).toEqual(['node echo\n', ''])
  })

  it('is node in a worker of a cluster, so that workers share a port', async () => {
    const program = fileURLToPath(new URL('../fixtures/cluster.mjs', import.meta.url))
    const { code, stdout, stderr } = await runScript(`import(${JSON.stringify(program)})`, [], {
      env: { BLUELET_DRIVER: '' },
    })

    expect(stderr).toBe('')
    expect(stdout).toBe('node\nnode\nboth listen on one port\n')
    expect(code).toBe(0)
  })
})

describe('nextTurn', () => {
  it('calls back although the timers are fake', async () => {
    vi.useFakeTimers()

    try {
      await new Promise<void>(nextTurn)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('environmentVariable', () => {
  it('is undefined where the environment may not be read', () => {
    const denied = new Proxy(process.env, {
      get() {
        throw new Error('requires env access')
      },
    })
    const { env } = process
    process.env = denied

    try {
      expect(environmentVariable('BLUELET_DRIVER')).toBe(undefined)
    } finally {
      process.env = env
    }
  })
})

describe('loadNative', () => {
  it.each(['bun', 'deno'])('loads nothing where Node is emulated by %s', (name) => {
    Object.defineProperty(process.versions, name, { value: '1', configurable: true, enumerable: true })

    expect(loadNative).toThrow('it needs Node itself')
  })

  it('loads nothing where there is no epoll', () => {
    const { platform } = process
    Object.defineProperty(process, 'platform', { value: 'darwin' })

    try {
      expect(loadNative).toThrow('darwin has no epoll')
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
  })
})

describe('an addon of another version', () => {
  it('is refused, because it may take arguments for what they are not', () => {
    const older = {}

    expect(() => ofThisVersion(older, '/somewhere/bluelet.node')).toThrow(
      '/somewhere/bluelet.node: its interface has version undefined, expected 3: build or install it again',
    )
  })

  it('is told from that of this one', () => {
    const addon = { version: 3 }

    expect(ofThisVersion(addon, 'bluelet.node')).toBe(addon)
  })
})

describe('candidates', () => {
  const root = fileURLToPath(packageUrl)

  it('are only the file that BLUELET_NATIVE names', () => {
    expect(candidates('some/bluelet.node', import.meta.url)).toEqual([resolve('some/bluelet.node')])
  })

  it.each(['src/drivers/epoll/native.ts', 'dist/bluelet-net.js'])(
    'are those in the package of %s',
    (file) => {
      expect(candidates('', new URL(file, packageUrl).href)).toEqual([
        join(root, 'native/build/Release/bluelet.node'),
        join(root, `prebuilds/linux-${process.arch}/bluelet.node`),
      ])
    },
  )

  it('are those in the package that is installed where a bundle runs', () => {
    const installed = join(realpathSync(directory), 'app/node_modules/@bluelet/net')
    mkdirSync(installed, { recursive: true })
    writeFileSync(join(installed, 'package.json'), '{ "name": "@bluelet/net" }')
    const bundle = pathToFileURL(join(directory, 'app/dist/server.js')).href

    const [built] = candidates(undefined, bundle)

    expect(built).toBe(join(installed, 'native/build/Release/bluelet.node'))
  })

  it('are an error for a bundle that does not know its location', () => {
    expect(() => candidates(undefined, undefined)).toThrow('a bundle without import.meta.url cannot find')
  })
})

/** The drivers module, as loaded in a process with that environment. */
async function fresh(
  env: Record<string, string>,
): Promise<typeof import('../../../packages/net/src/drivers/real.js')> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  vi.resetModules()
  return import('../../../packages/net/src/drivers/real.js')
}

describe('realDriver', () => {
  const absent = { BLUELET_NATIVE: join(directory, 'absent.node') }

  it('is node where epoll is not available; each request for epoll says why', async () => {
    const { driverNamed, realDriver } = await fresh({ ...absent, BLUELET_DRIVER: '' })

    expect(realDriver().name).toBe('node')
    for (let i = 0; i < 2; i++)
      expect(() => driverNamed('epoll')).toThrow(/'epoll' is not available here: .*ENOENT/)
  })

  it.skipIf(unbuilt)('gives epoll by name, where it is built', () => {
    expect(driverNamed('epoll')).toBe(epollDriver())
  })

  it('gives the driver of a name', async () => {
    const { driverNamed, realDriver } = await fresh({ BLUELET_DRIVER: 'node' })

    expect(realDriver()).toBe(driverNamed('node'))
  })

  it('throws for an unknown name', async () => {
    const { realDriver } = await fresh({ BLUELET_DRIVER: 'foo' })

    expect(realDriver).toThrow("BLUELET_DRIVER: there is no driver 'foo'; expected 'epoll' or 'node'")
  })
})

describe('listening', () => {
  const EAFNOSUPPORT = -97
  const EACCES = -13

  /** The result of listening when the system gives these answers, one for each address. */
  async function listening(host: string, ...answers: number[]): Promise<unknown> {
    const native = new FalseNative()
    const asked: string[] = []
    native.listens = (address) => {
      asked.push(address)
      return answers.shift() ?? 3
    }
    vi.resetModules()
    vi.doMock('../../../packages/net/src/drivers/epoll/native.js', () => ({
      loadNative: () => native.native,
    }))
    const { epollDriver } = await import('../../../packages/net/src/drivers/epoll/driver.js')
    vi.doUnmock('../../../packages/net/src/drivers/epoll/native.js')
    const driver = epollDriver()
    if (driver instanceof Error) throw driver
    return new Promise((resolve) => {
      driver.listen({ host, port: 0, backlog: 1 }, (error) => {
        resolve([...asked, (error as NodeJS.ErrnoException | null)?.code ?? 'listens'])
      })
    })
  }

  it('on every address uses IPv4 where there is no IPv6', async () => {
    expect(await listening('')).toEqual(['::', 'listens'])
    expect(await listening('', EAFNOSUPPORT)).toEqual(['::', '0.0.0.0', 'listens'])
  })

  it('reports any other error, and the last one', async () => {
    expect(await listening('', EACCES)).toEqual(['::', 'EACCES'])
    expect(await listening('', EAFNOSUPPORT, EAFNOSUPPORT)).toEqual(['::', '0.0.0.0', 'EAFNOSUPPORT'])
  })

  it('on an invalid name makes no system call', async () => {
    expect(await listening(`${'x'.repeat(64)}.invalid`)).toEqual([expect.stringMatching(/^E/)])
  })
})
