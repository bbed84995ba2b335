// The suites of the driver, the fuzz and the threads, on a native part built with the sanitizers
// for addresses and undefined behaviour. A finding ends the process with a report.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { fixture, isBuilt } from './binary.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'bluelet-sanitized-'))
const binary = join(directory, 'build/Release/bluelet.node')
const build = isBuilt
  ? spawnSync(process.execPath, [join(root, 'packages/net/native/sanitize.mjs'), directory], {
      encoding: 'utf8',
    })
  : { status: 2, stdout: '', stderr: 'it is not built' }

afterAll(() => rmSync(directory, { recursive: true }))

/** Runs a Node program under the sanitizers. */
function run(...command: string[]) {
  const env = {
    ...process.env,
    LD_PRELOAD: build.stdout.trim(),
    BLUELET_NATIVE: binary,
    // Memory that Node itself does not free at its end is not checked.
    ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    NODE_OPTIONS: '',
  }
  return spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8', timeout: 200_000 })
}

describe.skipIf(build.status === 2)(
  `under sanitizers${build.status === 2 ? ` (skipped: ${build.stderr.trim()})` : ''}`,
  () => {
    it('is built', () => {
      expect(build.stderr).toBe('')
    })

    it('passes the suites of the driver', () => {
      const vitest = join(root, 'node_modules/vitest/vitest.mjs')
      const { stdout, stderr } = run(
        vitest,
        'run',
        'test/net/drivers/epoll/driver.test.ts',
        'test/net/datagrams/epoll.test.ts',
        'test/net/datagrams/kernel.test.ts',
        '--reporter=json',
      )
      const { success, numPassedTests } = JSON.parse(stdout.slice(stdout.indexOf('{"num')))

      expect(stderr).not.toMatch(/Sanitizer|runtime error/)
      expect(success).toBe(true)
      expect(numPassedTests).toBeGreaterThan(240)
    })

    it('survives calls with arguments of every kind', () => {
      const { status, stdout, stderr } = run(fixture('native-fuzz.mjs'), binary, '30000')

      expect(stderr).toBe('')
      expect(status).toBe(0)
      expect(JSON.parse(stdout).wrong).toEqual([])
    })

    it('allows threads to begin and end', () => {
      const { status, stdout, stderr } = run(fixture('native-threads.mjs'))

      expect(stderr).toBe('')
      expect(status).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ driver: 'epoll', left: 0 })
    })
  },
)
