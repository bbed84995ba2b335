// Runs node-gyp, or gives the reason in one line why that is not possible.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const directory = dirname(fileURLToPath(import.meta.url))

/** The files to compile. */
export const sources = readdirSync(directory).filter((name) => /\.(cc|h|gyp)$/.test(name))

/** In milliseconds. A download of the headers that takes longer hangs. */
const MAX_COMPILE_TIME = 120_000

/**
 * Compiles the sources of a directory into its build/Release/bluelet.node. Returns null, or the
 * reason why that is not possible.
 */
export function compile({ directory, arch = process.arch, compiler = process.env.CXX ?? 'g++', flags = '' }) {
  for (const tool of [process.env.PYTHON ?? 'python3', 'make', compiler]) {
    const [command, ...parameters] = tool.split(' ') // CXX='ccache g++'.
    if (spawnSync(command, [...parameters, '--version']).status !== 0) return `there is no ${tool}`
  }
  let gyp
  try {
    gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  } catch {
    return 'there is no node-gyp'
  }
  const parameters = [gyp, 'rebuild', `--directory=${directory}`, `--arch=${arch}`]
  // The headers of this Node, if they are installed beside it; otherwise node-gyp downloads them.
  const node = resolve(process.execPath, '../..')
  if (existsSync(join(node, 'include/node/node_api.h'))) parameters.push(`--nodedir=${node}`)
  const env = { ...process.env, CXX: compiler, LINK: compiler }
  if (flags !== '') Object.assign(env, { CXXFLAGS: flags, LDFLAGS: flags })
  const { status, stderr, error } = spawnSync(process.execPath, parameters, {
    env,
    encoding: 'utf8',
    timeout: MAX_COMPILE_TIME,
  })
  return status === 0 ? null : (error?.message ?? reasonIn(stderr))
}

/** The first line with an error. */
function reasonIn(output) {
  const lines = output.split('\n')
  return (
    lines.find((line) => /\berror: /.test(line)) ??
    lines.find((line) => / Error: /.test(line)) ??
    'node-gyp fails'
  )
}
