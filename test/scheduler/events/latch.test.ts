import { kill, Latch, pause, race, run, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { world } from '../world.js'

function opened(): Latch {
  const latch = new Latch()
  latch.open()
  return latch
}

eventSuite('Latch.wait', {
  *fulfilled() {
    return opened().wait()
  },
  value: undefined,
  awaited: () => opened().wait(),
  *waiting() {
    return new Latch().wait()
  },
})

describe('Latch', () => {
  it('blocks every task until it is opened, then resumes them in the order in which they waited', async () => {
    const { scheduler, log, note } = world()
    const latch = new Latch()
    function* waits(name: string) {
      yield latch.wait()
      note(name)
    }

    await scheduler.run(function* () {
      for (const name of ['a', 'b', 'c']) yield spawn(waits, name)
      yield sleep(10)
      latch.open()
    })

    expect(log).toEqual(['10: a', '10: b', '10: c'])
  })

  it('does not block a task that comes later', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const latch = opened()
      yield latch.wait()
      yield latch.wait()
    })

    expect(host.now()).toBe(0)
  })

  it('does nothing when it is opened again', async () => {
    const { scheduler, log, note } = world()
    const latch = new Latch()

    await scheduler.run(function* () {
      yield spawn(function* () {
        yield latch.wait()
        note('through')
      })
      yield pause()
      latch.open()
      latch.open()
    })

    expect(log).toEqual(['0: through'])
  })

  it('tells whether it has been opened', () => {
    const latch = new Latch()

    const before = latch.opened
    latch.open()

    expect([before, latch.opened]).toEqual([false, true])
  })

  it('resumes the other tasks when a waiting task is killed', async () => {
    const { scheduler, log, note } = world()
    const latch = new Latch()
    function* waits(name: string) {
      yield latch.wait()
      note(name)
    }

    await scheduler.run(function* () {
      const victim = yield* spawn(waits, 'victim')
      yield spawn(waits, 'other')
      yield pause()
      yield kill(victim)
      latch.open()
    })

    expect(log).toEqual(['0: other'])
  })
})

describe('an external latch', () => {
  it('holds the run open until another run opens it', async () => {
    const latch = new Latch({ external: true })
    const waiting = run(function* () {
      yield* latch.wait()
      return 'opened'
    })
    await run(function* () {
      yield* sleep(1)
      latch.open()
    })

    expect(await waiting).toBe('opened')
  })

  it('holds nothing open after its wait was withdrawn', async () => {
    const latch = new Latch({ external: true })

    const value = await run(function* () {
      return yield* race([latch.wait(), pause()])
    })

    expect(value).toBe(undefined)
  })
})
