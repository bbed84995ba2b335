// examples/unix-server.ts as a process, with curl and nc as clients.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { leavesNothingRunning, missing, named, start, typeScript } from '../support/program.js'

const noCurl = missing('curl', ['--version'])
const noNc = missing('nc', ['-h'])
const folder = mkdtempSync('/tmp/bluelet-example-')

leavesNothingRunning()

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts the example at a path. */
async function started(name: string) {
  const path = `${folder}/${name}`
  const server = start(...typeScript('examples/unix-server.ts'), { SOCKET: path })
  await server.printed(/hello server at /)
  return { server, path }
}

describe('examples/unix-server.ts', { timeout: 30_000 }, () => {
  it.skipIf(noCurl)(named('answers curl, and removes its file at its end', noCurl), async () => {
    const { server, path } = await started('curl.sock')
    const mode = statSync(path).mode & 0o777

    const curl = start('curl', ['-s', '--unix-socket', path, 'http://localhost/a', 'http://localhost/b'])
    await curl.ended()
    const exit = await server.kill('SIGTERM').ended()

    expect(mode).toBe(0o600)
    expect(curl.stdout).toMatch(/^(hello, user( \d+)?\n){2}$/)
    expect(exit).toEqual({ code: 0, signal: null })
    expect(existsSync(path)).toBe(false)
  })

  it.skipIf(noNc)(named('answers nc, also after it was killed and started again', noNc), async () => {
    const first = await started('nc.sock')
    await first.server.kill('SIGKILL').ended()
    const left = existsSync(first.path)
    const { path } = await started('nc.sock')

    const nc = start('nc', ['-U', '-N', path])
    nc.write('GET / HTTP/1.0\r\n\r\n').end()
    await nc.ended()

    expect(left).toBe(true)
    expect(nc.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello, user/)
  })
})
