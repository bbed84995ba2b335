// What is told of the runs of a host, and of a process: for monitors.
import { pause, run, Scheduler, spawn } from '@bluelet/scheduler'
import { type Host, type HostedTask, onRun, type StepContext } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'

/** A host in virtual time, with some members more. */
function hostWith(members: Partial<Host>): VirtualHost {
  return Object.assign(new VirtualHost(), members)
}

describe('Host.began', () => {
  it('is told of each run, before its root is spawned', async () => {
    const seen: unknown[] = []
    const host = hostWith({
      began(scheduler: Scheduler) {
        seen.push([scheduler, scheduler.snapshot().length])
        scheduler.attach({ spawn: (task) => void seen.push(task.name) })
      },
    })
    const scheduler = new Scheduler({ host })

    await scheduler.run(function* first() {
      yield pause()
    })
    await scheduler.run(function* second() {})

    expect(seen).toEqual([[scheduler, 0], 'first', [scheduler, 0], 'second', 'second'])
  })

  it('is not told of a run that is refused', async () => {
    let runs = 0
    const host = hostWith({ began: () => void runs++ })

    await expect(run(7 as never, { host })).rejects.toThrow('run(coroutine)')

    expect(runs).toBe(0)
  })

  it('has its errors reported, which change nothing', async () => {
    const host = hostWith({
      began() {
        throw new Error('mine')
      },
    })

    const value = await run(
      function* () {
        yield pause()
        return 'value'
      },
      { host },
    )

    expect(value).toBe('value')
    expect(host.reports).toEqual([new Error('mine')])
  })
})

describe('onRun', () => {
  it('calls back for the runs of every host, until it is stopped', async () => {
    const seen: Scheduler[] = []
    const stop = onRun((scheduler) => void seen.push(scheduler))
    const schedulers = [new Scheduler({ host: new VirtualHost() }), new Scheduler()]

    for (const scheduler of schedulers) await scheduler.run(function* () {})
    stop()
    await run(function* () {})

    expect(seen).toEqual(schedulers)
  })

  it('calls a function as often as it has been passed', async () => {
    let calls = 0
    const listener = () => void calls++
    const stops = [onRun(listener), onRun(listener)]

    await run(function* () {})
    stops[0]?.()
    await run(function* () {})
    stops[1]?.()

    expect(calls).toBe(3)
  })

  it('reports what a listener throws, and calls the others', async () => {
    const host = new VirtualHost()
    let called = false
    const stops = [
      onRun(() => {
        throw new Error('mine')
      }),
      onRun(() => {
        called = true
      }),
    ]

    await run(function* () {}, { host })
    for (const stop of stops) stop()

    expect(called).toBe(true)
    expect(host.reports).toEqual([new Error('mine')])
  })

  it('refuses what is no function', () => {
    expect(() => onRun('listener' as never)).toThrow(
      new TypeError('onRun(listener): expected a function, got "listener"'),
    )
  })
})

describe('context', () => {
  const inContext: StepContext = (call, arg) => call(arg)

  function* main() {
    yield spawn(function* child() {})
  }

  it.each(['of the host', 'of the run'])('%s is told which task is spawned', async (whose) => {
    const tasks: string[] = []
    const context = ({ name, id }: HostedTask): StepContext => {
      tasks.push(`${name}#${id}`)
      return inContext
    }

    if (whose === 'of the host') await run(main, { host: hostWith({ context }) })
    else await run(main, { host: new VirtualHost(), context })

    expect(tasks).toEqual(['main#1', 'child#2'])
  })

  it('that fails makes the spawn fail, and leaves no task', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })
    const context = () => {
      throw new Error('mine')
    }

    await expect(scheduler.run(main, { context })).rejects.toThrow('mine')

    expect(scheduler.snapshot()).toEqual([])
    expect(await scheduler.run(main)).toBe(undefined)
  })
})
