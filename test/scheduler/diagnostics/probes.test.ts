// Promise 15: what a probe is told of every task.

import { type Coroutine, join, kill, pause, type Scheduler, sleep, spawn } from '@bluelet/scheduler'
import type { Probe } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { failure, rejection, world } from '../world.js'
import { causeText } from './cause-text.js'

function* sleepy(): Coroutine {
  yield sleep(1)
}

/** Records every call. */
class Recorder implements Required<Probe> {
  readonly calls: string[] = []

  spawn: Required<Probe>['spawn'] = (task, spawner) => this.calls.push(`spawn ${task} by ${spawner}`)
  resume: Required<Probe>['resume'] = (task, how, value) => this.calls.push(`resume ${task} ${how} ${value}`)
  yield: Required<Probe>['yield'] = (task, yielded) => this.calls.push(`yield ${task} ${typeof yielded}`)
  park: Required<Probe>['park'] = (task) => this.calls.push(`park ${task}`)
  wake: Required<Probe>['wake'] = (task, cause) => this.calls.push(`wake ${task} by ${causeText(cause)}`)
  call: Required<Probe>['call'] = (task) => this.calls.push(`call ${task}`)
  return: Required<Probe>['return'] = (task, how, value) => this.calls.push(`return ${task} ${how} ${value}`)
  cancel: Required<Probe>['cancel'] = (task, cause, grace) =>
    this.calls.push(`cancel ${task} by ${causeText(cause)} in ${grace}`)
  fail: Required<Probe>['fail'] = (task, error) => this.calls.push(`fail ${task} ${error}`)
  deadlock: Required<Probe>['deadlock'] = () => this.calls.push('deadlock')
  exit: Required<Probe>['exit'] = (task, outcome) => this.calls.push(`exit ${task} ${outcome.kind}`)
}

describe('a probe', () => {
  it('is told of every spawn, step, yield, park, wake and exit, in order', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()
    scheduler.attach(recorder)

    await scheduler.run(function* main() {
      const task = yield* spawn(function* child() {
        yield sleep(10)
        return 'value'
      })
      yield join(task)
    })

    expect(recorder.calls).toEqual([
      'spawn main#1 by null',
      'resume main#1 value undefined',
      'yield main#1 object',
      'spawn child#2 by main#1',
      'resume main#1 value child#2',
      'yield main#1 object',
      'park main#1',
      'resume child#2 value undefined',
      'yield child#2 object',
      'park child#2',
      'wake child#2 by timer of 10',
      'resume child#2 value undefined',
      'exit child#2 returned',
      'wake main#1 by child#2',
      'resume main#1 value value',
      'exit main#1 returned',
    ])
  })

  it('is told of an error and of the end of its task', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()
    scheduler.attach(recorder)

    await rejection(
      scheduler.run(function* main() {
        yield 42 as never
      }),
    )

    expect(recorder.calls.slice(-4)).toEqual([
      'yield main#1 number',
      'resume main#1 error TypeError: cannot yield 42: expected an event, a coroutine, a task or a promise; did you mean yield sleep(42)?',
      'exit main#1 threw',
      'fail main#1 TypeError: cannot yield 42: expected an event, a coroutine, a task or a promise; did you mean yield sleep(42)?',
    ])
  })

  it('is told of a kill: the wake, the error and the end', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()

    await scheduler.run(function* main() {
      const task = yield* spawn(function* victim() {
        yield sleep(10)
      })
      yield pause()
      scheduler.attach(recorder)
      yield kill(task)
    })

    expect(recorder.calls.filter((line) => line.includes('victim'))).toEqual([
      'cancel victim#2 by main#1 in 5000',
      'wake victim#2 by main#1',
      'resume victim#2 error Cancelled: victim#2 is being killed',
      'exit victim#2 killed',
      'wake main#1 by victim#2',
    ])
  })

  it('is told of the end of a task that never started', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()
    scheduler.attach(recorder)

    await scheduler.run(function* main() {
      const task = yield* spawn(function* victim() {})
      yield kill(task)
    })

    expect(recorder.calls.filter((line) => line.includes('victim#2 '))).toEqual([
      'spawn victim#2 by main#1',
      'cancel victim#2 by main#1 in 5000',
      'exit victim#2 killed',
    ])
  })

  it('is told of a call and of its end, with a value, an error, and by return()', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()
    scheduler.attach(recorder)

    await scheduler.run(function* main() {
      yield (function* () {
        return 'value'
      })()
      try {
        yield (function* (): Coroutine {
          throw new Error('broken')
        })()
      } catch {}
      const task = yield* spawn(function* stubborn() {
        yield (function* () {
          try {
            yield sleep(1000)
          } finally {
            yield sleep(1000)
          }
        })()
      })
      yield pause()
      yield kill(task, { grace: 10 })
    })

    expect(recorder.calls.filter((line) => /^(call|return|cancel|exit) /.test(line))).toEqual([
      'call main#1',
      'return main#1 value value',
      'call main#1',
      'return main#1 error Error: broken',
      'call stubborn#2',
      'cancel stubborn#2 by main#1 in 10',
      'return stubborn#2 return undefined',
      'exit stubborn#2 killed',
      'exit main#1 returned',
    ])
  })

  it('is told which coroutine is called', async () => {
    const { scheduler } = world()
    const called: unknown[] = []
    scheduler.attach({ call: (_task, coroutine) => called.push(coroutine) })
    const callee = sleepy()

    await scheduler.run(function* () {
      yield callee
      yield* sleepy() // The engine's: no call.
    })

    expect(called).toEqual([callee])
  })

  it('is told of every cancellation once, and again when the grace period becomes shorter', async () => {
    const { scheduler } = world()
    const told: string[] = []
    scheduler.attach({
      cancel: (task, cause, grace) => told.push(`${task.name} by ${causeText(cause)} in ${grace}`),
    })
    const run = new AbortController()

    const running = scheduler.run(
      function* () {
        const slow = yield* spawn(function* slow() {
          try {
            yield sleep(1e6)
          } finally {
            yield sleep(1000)
          }
        })
        yield sleep(10)
        for (const grace of [100, 200, 70]) {
          yield* spawn(function* killer() {
            yield kill(slow, { grace })
          })
        }
        yield sleep(200)
        yield* spawn(function* aborted() {
          yield sleep(1000)
        })
        yield pause()
        run.abort()
      },
      { signal: run.signal },
    )
    await rejection(running)

    expect(told).toEqual([
      'slow by killer#3 in 100',
      'slow by killer#5 in 70',
      'anonymous by anonymous#1 in 5000',
      'aborted by anonymous#1 in 5000',
    ])
  })

  it('is told of a step by return()', async () => {
    const { scheduler } = world()
    const how: string[] = []
    scheduler.attach({ resume: (_task, mode) => how.push(mode) })

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        while (true) {
          try {
            yield sleep(1000)
          } catch {}
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
    })

    expect(how).toContain('return')
  })

  it('may be attached at any time and is told of everything afterwards', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()

    await scheduler.run(function* main() {
      yield pause()
      scheduler.attach(recorder)
      yield pause()
    })

    expect(recorder.calls).toEqual([
      'yield main#1 object',
      'resume main#1 value undefined',
      'exit main#1 returned',
    ])
  })

  it('is told of nothing after it was detached, even in the middle of a run', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()
    const detach = scheduler.attach(recorder)

    await scheduler.run(function* () {
      detach()
      detach()
      recorder.calls.length = 0
      yield pause()
    })

    expect(recorder.calls).toEqual([])
  })

  it('is told the same as another probe, each completely', async () => {
    const { scheduler } = world()
    const [first, second] = [new Recorder(), new Recorder()]
    scheduler.attach(first)
    scheduler.attach(second)

    await scheduler.run(function* () {
      yield sleep(10)
    })

    expect(first.calls.length).toBeGreaterThan(0)
    expect(second.calls).toEqual(first.calls)
  })

  it('stays attached when another probe is detached', async () => {
    const { scheduler } = world()
    const recorder = new Recorder()
    const detach = scheduler.attach(new Recorder())
    scheduler.attach(recorder)

    await scheduler.run(function* main() {
      detach()
      yield pause()
    })

    expect(recorder.calls).toContain('exit main#1 returned')
  })

  it('is called as a method', async () => {
    const { scheduler } = world()
    class Counter implements Probe {
      exits = 0
      exit(): void {
        this.exits++
      }
    }
    const counter = new Counter()
    scheduler.attach(counter)

    await scheduler.run(function* () {})

    expect(counter.exits).toBe(1)
  })

  it.each(['spawn', 'resume', 'yield', 'park', 'wake', 'exit'] as const)(
    'that throws at %s is detached, its error is reported once, and nothing else changes',
    async (member) => {
      const { scheduler, host } = world()
      const error = failure()
      const recorder = new Recorder()
      scheduler.attach({
        [member]() {
          throw error
        },
      })
      scheduler.attach(recorder)

      const value = await scheduler.run(function* main() {
        const task = yield* spawn(function* child() {
          yield sleep(10)
        })
        yield join(task)
        return 42
      })

      expect(value).toBe(42)
      expect(host.reports).toEqual([error])
      expect(recorder.calls).toHaveLength(16)
    },
  )

  it('that throws leaves a scheduler without probes as cheap as before', async () => {
    const { scheduler } = world({ sites: false })
    scheduler.attach({
      resume() {
        throw failure()
      },
    })

    await scheduler.run(function* () {})

    expect(probesOf(scheduler)).toBe(null)
  })

  it('costs nothing once it is detached', () => {
    const { scheduler } = world({ sites: false })

    const before = probesOf(scheduler)
    scheduler.attach({})()

    expect([before, probesOf(scheduler)]).toEqual([null, null])
  })
})

/** The field that every step of the trampoline reads; null when no probe is attached. */
function probesOf(scheduler: Scheduler): unknown {
  return internals(scheduler).probes
}
