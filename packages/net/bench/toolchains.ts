// The needs of the other servers: programs that are built and runtimes that are downloaded when the
// benchmark runs.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { reasonIn } from './processes.js'

/** The folder that keeps the runtimes between runs: they take 200 MB. */
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'bluelet-bench')

/**
 * Fixed, so that two runs compare the same runtimes. Later versions work too: the results name the
 * version.
 */
const RUNTIMES = {
  bun: { x64: '@oven/bun-linux-x64', arm64: '@oven/bun-linux-aarch64', version: '1.4.5', file: 'bin/bun' },
  deno: { x64: '@deno/linux-x64-glibc', arm64: '@deno/linux-arm64-glibc', version: '2.9.6', file: 'deno' },
}

/** Returns the path of a file in this folder. */
export function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

/**
 * Returns the path of a runtime from npm: the package with the program itself, which needs no
 * install script.
 */
export function fetchRuntime(name: keyof typeof RUNTIMES): string {
  const { version, file, ...packages } = RUNTIMES[name]
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new Error(`not looked for on ${process.platform}-${process.arch}`)
  }
  const own = packages[process.arch]
  const folder = path.join(CACHE, `${name}-${version}`)
  const program = path.join(folder, 'node_modules', own, file)
  if (existsSync(program)) return program
  console.log(`fetching ${own} ${version}`)
  mkdirSync(folder, { recursive: true })
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--force']
  ask(['npm', 'install', '--prefix', folder, ...options, `${own}@${version}`])
  return program
}

/** Returns the path of a compiled C program. @param flags of the compiler and the linker */
export function compileC(
  source: string,
  name = path.parse(source).name,
  flags: readonly string[] = [],
): string {
  const program = path.join(scratch(), name)
  ask(['cc', '-O2', '-Wall', '-o', program, here(source), ...flags])
  return program
}

/**
 * @throws Error if the compiler does not find this header, of a package that people know by name
 */
export function checkHeader(header: string, of: string): void {
  const { status } = spawnSync('cc', ['-E', '-include', header, '-x', 'c', '/dev/null'], { stdio: 'ignore' })
  if (status !== 0) throw new Error(`no headers of ${of} here`)
}

/** Returns the path of a compiled Go program. */
export function compileGo(source: string): string {
  const program = path.join(scratch(), `${path.parse(source).name}-go`)
  ask(['go', 'build', '-o', program, here(source)])
  return program
}

/** The system's Python, which has the packages; the first one in the path may be another. */
export function findPython(): string {
  return existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
}

/** Returns the output of a command. @throws Error with the last line of its standard error */
export function ask([file, ...args]: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(file!, args, { encoding: 'utf8' })
  if (error !== undefined) throw new Error(/ENOENT/.test(error.message) ? `no ${file} here` : error.message)
  if (status === 0) return stdout.trim()
  const complaint = reasonIn(stderr)
  throw new Error(/No module named/.test(complaint) ? 'not installed' : complaint)
}

let folder: string | undefined

/** A folder that is deleted when this process ends. */
export function scratch(): string {
  if (folder === undefined) {
    const made = mkdtempSync(path.join(os.tmpdir(), 'bluelet-bench-'))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}
