// A project of a user: the packages are packed as they would be published, which also replaces
// `workspace:`, and installed from the tarballs, without scripts and without a build.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A temporary folder with the tarballs and a project that has installed them. */
export class Project {
  readonly folder: string
  readonly tarballs: readonly string[]
  readonly #destination: string

  constructor() {
    this.#destination = realpathSync(mkdtempSync(join(tmpdir(), 'bluelet-packages-')))
    succeed(process.execPath, [join(root, 'packages/net/native/prebuild.mjs')])
    for (const name of ['scheduler', 'net']) {
      const folder = join(root, 'packages', name)
      succeed('npx', ['-y', 'pnpm@12', '--dir', folder, 'pack', '--pack-destination', this.#destination])
    }
    this.tarballs = readdirSync(this.#destination).map((file) => join(this.#destination, file))
    const types = this.#packTypes()
    this.folder = join(this.#destination, 'project')
    mkdirSync(this.folder)
    this.write('package.json', '{ "private": true, "type": "module" }')
    succeed(
      'npm',
      ['install', '--silent', '--no-audit', '--offline', ...this.tarballs, ...types],
      this.folder,
    )
  }

  /**
   * Packs what the packages need from the registry: the types of Node, which are a peer, and what
   * these need themselves.
   */
  #packTypes(): string[] {
    const manifest = realpathSync(join(root, 'node_modules/@types/node/package.json'))
    const destination = join(this.#destination, 'types')
    mkdirSync(destination)
    for (const folder of [dirname(manifest), join(manifest, '../../../undici-types')]) {
      succeed('npm', ['pack', '--silent', '--pack-destination', destination], folder)
    }
    return readdirSync(destination).map((file) => join(destination, file))
  }

  /** The path of an installed file, such as `net/dist/index.js`. */
  installed(file: string): string {
    return join(this.folder, 'node_modules/@bluelet', file)
  }

  /** Writes a file of the project, and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** Runs a module, which may import the packages by their names. */
  run(program: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Ended {
    return runNode([...flags, this.write('program.js', program)], env)
  }

  remove(): void {
    rmSync(this.#destination, { recursive: true })
  }
}

/** Runs another program in the folder of a project, such as a runtime that is not Node. */
export function runProgram(command: string, parameters: readonly string[]): Ended {
  const folder = dirname(parameters.at(-1) ?? '')
  return run(command, parameters, folder, {
    NO_COLOR: '1',
    DENO_NO_UPDATE_CHECK: '1',
    DENO_DIR: join(folder, '.deno'),
  })
}

/** Runs Node without what the environment of a test would change. */
export function runNode(parameters: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
  const neutral = { NODE_OPTIONS: '', NODE_PATH: '', BLUELET_DRIVER: '', BLUELET_NATIVE: '' }
  return run(process.execPath, parameters, root, { ...neutral, ...env })
}

/** Runs a version of the compiler of TypeScript on the project of a folder. */
export function runCompiler(version: string, folder: string): Ended {
  return runNode([
    join(root, `test/node_modules/typescript-${version}/bin/tsc`),
    '-p',
    folder,
    '--pretty',
    'false',
  ])
}

/** Runs a command that the workspace has installed. */
export function runTool(name: string, parameters: readonly string[]): Ended {
  return run(join(root, 'node_modules/.bin', name), parameters)
}

function succeed(command: string, parameters: readonly string[], cwd = root): void {
  const { code, stdout, stderr } = run(command, parameters, cwd)
  if (code !== 0)
    throw new Error(`${command} ${parameters.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
}

function run(command: string, parameters: readonly string[], cwd = root, env: NodeJS.ProcessEnv = {}): Ended {
  const options = { cwd, encoding: 'utf8', env: { ...process.env, ...env } } as const
  const { status, stdout, stderr, error } = spawnSync(command, parameters, options)
  if (error) throw error
  return { code: status, stdout, stderr }
}
