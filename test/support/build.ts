// Vitest's global setup: builds the packages, since some tests load what users get, and the examples. Incremental, so that
// a second run costs half a second.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compilePrograms } from './compile.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

export function setup(): void {
  const tsc = ['node_modules/typescript/bin/tsc', '-b', 'packages/scheduler', 'packages/net']
  const { status, stdout, stderr } = spawnSync(process.execPath, tsc, { cwd: root, encoding: 'utf8' })

  // An install is "already up to date" when only the native sources are newer. Where they cannot be built, it says so.
  spawnSync(process.execPath, ['packages/net/native/build.mjs'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`the packages do not build:\n${stdout}${stderr}`)
  compilePrograms()
}
