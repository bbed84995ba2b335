// Promise 9: deadlocks in a process that has nothing left to do.
import { describe, expect, it } from 'vitest'
import { runScript } from '../../../support/script.js'

describe('a run in a process of its own', { tags: 'large' }, () => {
  const never = `
    import { run, sleep, race, spawn, wait } from '@bluelet/scheduler'
    const never = new Promise(() => {})
  `

  it('that waits only for a promise that is never settled ends with DeadlockError', async () => {
    const { code, stderr } = await runScript(`${never}
      run(function* main() { yield never })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError: every task waits, and nothing is left that could wake one')
    expect(stderr).toContain('main#1 waits for wait()')
  })

  it('ends with DeadlockError too when the module awaits the run', async () => {
    const { code, stderr } = await runScript(`${never}
      await run(function* main() { yield never })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError')
  })

  it('runs its finally blocks first, including their sleeps', async () => {
    const { code, stdout } = await runScript(`${never}
      await run(function* main() {
        try { yield never } finally { yield sleep(1); console.log('cleaned up') }
      })
    `)

    expect([code, stdout]).toEqual([1, 'cleaned up\n'])
  })

  it('ends with DeadlockError after a sleep that a race has withdrawn', async () => {
    const { code, stderr } = await runScript(`${never}
      await run(function* main() {
        yield race([sleep(3_600_000), new Promise((resolve) => setTimeout(resolve, 1))])
        yield never
      })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError')
  })

  it('ends with DeadlockError beside a sleep that never ends', async () => {
    const { code, stderr } = await runScript(`${never}
      await run(function* main() {
        yield spawn(function* () { yield sleep(Infinity) })
        yield never
      })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError')
  })

  it('waits for its sleeps and promises, and exits with 0', async () => {
    const { code, stdout } = await runScript(`${never}
      await run(function* main() {
        yield new Promise((resolve) => setTimeout(resolve, 1))
        yield sleep(1)
        console.log('done')
      })
    `)

    expect([code, stdout]).toEqual([0, 'done\n'])
  })
})
