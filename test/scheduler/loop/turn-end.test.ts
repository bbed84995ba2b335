// Runtime.turnEnd: work that is done once for all steps of a turn.
import { type Coroutine, pause, sleep, spawn } from '@bluelet/scheduler'
import { type Runtime, runningScheduler, runtimeOf, type TurnEndListener } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { rejection, world } from '../world.js'
import { byHand } from './by-hand.js'

/** A listener that logs each turn's end. */
function logging(log: string[], name = 'end'): TurnEndListener {
  return { turnEnded: () => void log.push(name) }
}

describe('turnEnd', () => {
  it('calls back once, after all steps of the turn', async () => {
    const { scheduler, log } = world()
    const runtime = runtimeOf(scheduler)
    function* child(name: string): Coroutine<void> {
      log.push(`${name} 1`)
      runtime.turnEnd.add(logging(log, `end of ${name}`))
      yield pause()
      log.push(`${name} 2`)
    }
    await scheduler.run(function* () {
      yield spawn(child, 'a')
      yield spawn(child, 'b')
      yield sleep(1)
      log.push('next turn')
    })
    expect(log).toEqual(['a 1', 'b 1', 'a 2', 'b 2', 'end of a', 'end of b', 'next turn'])
  })

  it('runs when the budget ends the turn before its tasks have', async () => {
    const { scheduler, log } = world({ budget: { steps: 2 } })
    const runtime = runtimeOf(scheduler)
    await scheduler.run(function* () {
      runtime.turnEnd.add(logging(log))
      for (let i = 1; i <= 3; i++) {
        log.push(`step ${i}`)
        yield pause()
      }
    })
    expect(log).toEqual(['step 1', 'step 2', 'end', 'step 3'])
  })

  it('runs at the end of each step by hand', () => {
    const { scheduler, log, stepper } = byHand()
    stepper('a', 2)
    runtimeOf(scheduler).turnEnd.add(logging(log))
    scheduler.step()
    scheduler.step()
    expect(log).toEqual(['a1', 'end', 'a2'])
  })

  it('runs while no task is running', async () => {
    const { scheduler } = world()
    const running: (Runtime | undefined)[] = []
    await scheduler.run(function* () {
      runtimeOf(scheduler).turnEnd.add({ turnEnded: () => void running.push(runningScheduler()) })
      yield pause()
    })
    expect(running).toEqual([undefined])
  })

  it('can hold the run open', async () => {
    const { scheduler, host, log } = world()
    const runtime = runtimeOf(scheduler)
    await scheduler.run(function* () {
      runtime.turnEnd.add({
        turnEnded() {
          runtime.ref('socket')
          host.at(5, () => {
            log.push('released')
            runtime.unref('socket')
          })
        },
      })
    })
    expect(log).toEqual(['released'])
  })

  it('can be called by a listener, for the end of the next turn', async () => {
    const { scheduler, log } = world()
    const runtime = runtimeOf(scheduler)
    await scheduler.run(function* () {
      runtime.turnEnd.add({ turnEnded: () => runtime.turnEnd.add(logging(log)) })
      yield sleep(1)
      log.push('next turn')
    })
    expect(log).toEqual(['next turn', 'end'])
  })

  it('ends the run with the error of a listener, after the other listeners', async () => {
    const { scheduler, log } = world()
    const runtime = runtimeOf(scheduler)
    const error = new Error('broken listener')
    const outcome = scheduler.run(function* () {
      runtime.turnEnd.add({
        turnEnded() {
          throw error
        },
      })
      runtime.turnEnd.add(logging(log))
      yield sleep(1)
      log.push('never')
    })
    expect(await rejection(outcome)).toBe(error)
    expect(log).toEqual(['end'])
  })
})
