// Vitest's global setup: builds the packages, since some tests load what users get, and the
// examples. A second run costs less than a second.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compilePrograms } from './compile.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What `pnpm build` runs, without the second that pnpm takes to start. */
const BUILD = [
  ['node_modules/typescript/bin/tsc', '-b', 'packages/scheduler', 'packages/net'],
  ['bundle.mjs'],
]

export function setup(): void {
  // An install is "already up to date" when only the native sources are newer. Where they cannot be
  // built, it says so.
  spawnSync(process.execPath, ['packages/net/native/build.mjs'], { cwd: root, stdio: 'inherit' })
  for (const step of BUILD) {
    const { status, stdout, stderr } = spawnSync(process.execPath, step, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`the packages do not build:\n${stdout}${stderr}`)
  }
  compilePrograms()
}
