// Packs each package as it would be published, which also replaces `workspace:`, has publint and are-the-types-wrong look at
// the tarball, installs it as a user would, and runs an echo there, which says which driver has served.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const destination = mkdtempSync(join(tmpdir(), 'bluelet-packages-'))
const installed = join(destination, 'installed')
const prebuilt = join(root, 'packages/net/prebuilds', `${process.platform}-${process.arch}`)
let failed = false

const ECHO = `
  import { connect, listen } from '@bluelet/net'
  import { run, spawn } from '@bluelet/scheduler'
  import { realDriver } from './node_modules/@bluelet/net/dist/drivers/real.js'

  await run(function* () {
    const listener = yield* listen('127.0.0.1', 0)
    yield* spawn(function* () {
      const conn = yield* listener.accept()
      yield* conn.sendall(yield* conn.recv(100))
      conn.close()
    })
    const conn = yield* connect('127.0.0.1', listener.address.port)
    yield* conn.sendall('echo')
    const text = String(yield* conn.readall())
    conn.close()
    listener.close()
    console.log(text + ' by the driver ' + realDriver().name)
    if (text !== 'echo' || realDriver().name !== process.argv[2]) process.exitCode = 1
  })
`

try {
  run(process.execPath, [join(root, 'packages/net/native/prebuild.mjs')])
  for (const name of ['scheduler', 'net']) {
    run('pnpm', ['--dir', join(root, 'packages', name), 'pack', '--pack-destination', destination])
  }
  for (const tarball of readdirSync(destination).map((file) => join(destination, file))) {
    run('publint', ['--strict', tarball])
    run('attw', [tarball, '--profile', 'esm-only', '--no-emoji'])
  }
  install()
  const expected = existsSync(prebuilt) ? 'epoll' : 'node'
  run(process.execPath, ['echo.mjs', expected], installed, { BLUELET_DRIVER: '' })
  // What was left out, or is for another machine, is missed by nobody.
  rmSync(join(installed, 'node_modules/@bluelet/net/prebuilds'), { recursive: true, force: true })
  run(process.execPath, ['echo.mjs', 'node'], installed, { BLUELET_DRIVER: '' })
} finally {
  rmSync(destination, { recursive: true })
}

process.exitCode = failed ? 1 : 0

/** As a user would: no script runs, and nothing is built. */
function install(): void {
  const tarballs = readdirSync(destination).filter((file) => file.endsWith('.tgz'))
  mkdirSync(installed)
  writeFileSync(join(installed, 'package.json'), '{ "private": true }')
  writeFileSync(join(installed, 'echo.mjs'), ECHO)
  run(
    'npm',
    ['install', '--silent', '--no-audit', '--offline', ...tarballs.map((file) => join('..', file))],
    installed,
  )
}

// The commands are found because pnpm puts itself and node_modules/.bin on the script's PATH.
function run(command: string, parameters: readonly string[], cwd = root, env: NodeJS.ProcessEnv = {}): void {
  const { status, error } = spawnSync(command, parameters, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })

  if (error) console.error(`${command} does not start (run this by pnpm test:packages): ${error.message}`)
  if (status !== 0) failed = true
}
