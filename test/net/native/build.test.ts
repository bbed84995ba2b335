// The build of the native part, in a copy of its directory. If it cannot be built it says why, and
// succeeds.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LARGE } from '../../support/tags.js'
import { BINARY, isBuilt } from './binary.js'

const native = fileURLToPath(new URL('../../../packages/net/native', import.meta.url))
let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bluelet-build-'))
  cpSync(native, directory, { recursive: true, filter: (path) => basename(path) !== 'build' })
})
afterEach(() => rmSync(directory, { recursive: true }))

function build(where: string, env: NodeJS.ProcessEnv, ...flags: readonly string[]) {
  const command = [join(where, 'build.mjs'), ...flags]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe.skipIf(process.platform !== 'linux')(
  'the native build (skipped where it is not Linux)',
  { tags: [LARGE.name] },
  () => {
    it('reports a missing compiler in one line, and succeeds', () => {
      expect(build(directory, { PATH: '' })).toEqual({
        status: 0,
        stdout: 'the epoll driver is not built, the node driver serves: there is no python3\n',
        stderr: '',
      })
    })

    it('fails without a compiler with --strict', () => {
      expect(build(directory, { PATH: '' }, '--strict').status).toBe(1)
    })

    it('names the requested compiler if it is missing', () => {
      const { status, stdout } = build(directory, {
        ...process.env,
        PYTHON: process.execPath,
        CXX: 'no-such-c++',
      })

      expect(stdout).toMatch(
        /^the epoll driver is not built, the node driver serves: there is no (make|no-such-c\+\+)\n$/,
      )
      expect(status).toBe(0)
    })

    it.skipIf(!isBuilt)('needs nothing newer than glibc 2.17 (skipped where it is not built)', () => {
      const versions = readFileSync(BINARY, 'latin1').match(/GLIBC_2\.\d+/g) ?? []
      const newer = versions.filter((version) => Number(version.slice('GLIBC_2.'.length)) > 17)

      expect(newer).toEqual([])
    })

    it.skipIf(!isBuilt)('does nothing if no source is newer (skipped where it is not built)', () => {
      const { mtimeMs } = statSync(BINARY)

      expect(build(native, { PATH: '' }, '--strict')).toEqual({ status: 0, stdout: '', stderr: '' })
      expect(statSync(BINARY).mtimeMs).toBe(mtimeMs)
    })
  },
)
