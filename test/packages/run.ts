// Packs each package as it would be published, which also replaces `workspace:`, and has publint and
// are-the-types-wrong look at the tarball.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const destination = mkdtempSync(join(tmpdir(), 'bluelet-packages-'))
let failed = false

try {
  for (const name of ['scheduler', 'net']) {
    run('pnpm', ['--dir', join(root, 'packages', name), 'pack', '--pack-destination', destination])
  }
  for (const tarball of readdirSync(destination).map((file) => join(destination, file))) {
    run('publint', ['--strict', tarball])
    run('attw', [tarball, '--profile', 'esm-only', '--no-emoji'])
  }
} finally {
  rmSync(destination, { recursive: true })
}

process.exitCode = failed ? 1 : 0

// The commands are found because pnpm puts itself and node_modules/.bin on the script's PATH.
function run(command: string, parameters: readonly string[]): void {
  const { status, error } = spawnSync(command, parameters, { cwd: root, stdio: 'inherit' })

  if (error) console.error(`${command} does not start (run this by pnpm test:packages): ${error.message}`)
  if (status !== 0) failed = true
}
