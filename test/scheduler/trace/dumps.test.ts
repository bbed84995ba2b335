// The flight recorder: a trace when something goes wrong.
import { type Coroutine, join, Latch, pause, sleep, spawn } from '@bluelet/scheduler'
import { type DumpReason, record, type Trace } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { failure, rejection, type World, world } from '../world.js'

/** Runs a program, and collects what is dumped. */
async function dumps(
  when: DumpReason,
  main: (world: World) => Coroutine<unknown>,
): Promise<{ traces: Trace[]; reports: unknown[] }> {
  const traces: Trace[] = []
  const its = world()
  record(its.scheduler).dumpOn(when, (trace) => void traces.push(trace))
  await its.scheduler.run(() => main(its)).catch(() => {})
  return { traces, reports: its.host.reports }
}

function* fails(): Coroutine<void> {
  yield pause()
  throw failure()
}

describe('dumpOn', () => {
  it('gives the trace when a task has failed that no task joins', async () => {
    const { traces } = await dumps('error', function* main() {
      yield* spawn(fails)
      yield* sleep(10)
    })

    expect(traces).toHaveLength(1)
    expect(traces[0]?.events.at(-1)).toMatchObject({ e: 'exit', co: 2, outcome: 'threw' })
  })

  it('gives none for an error that a task joins', async () => {
    const { traces } = await dumps('error', function* main() {
      try {
        yield* join(yield* spawn(fails))
      } catch {}
    })

    expect(traces).toEqual([])
  })

  it('gives the trace of a deadlock', async () => {
    const { traces } = await dumps('deadlock', function* main() {
      yield* new Latch().wait()
    })

    expect(traces).toHaveLength(1)
    expect(traces[0]?.events.at(-1)).toMatchObject({ e: 'park', co: 1 })
  })

  it('gives the trace of a step that took long, at most once a second', async () => {
    const { traces } = await dumps({ longStep: 50 }, function* main({ host }) {
      yield pause()
      host.advance(40)
      yield pause()
      host.advance(60)
      yield pause()
      host.advance(60)
      yield pause()
      yield* sleep(1000)
      yield (function* callee() {
        host.advance(60)
      })()
    })

    expect(traces.map(({ events }) => events.at(-1)?.e)).toEqual(['yield', 'return'])
  })

  it('gives none once the recording has been stopped', async () => {
    const { scheduler } = world()
    const traces: Trace[] = []
    const recording = record(scheduler).dumpOn('error', (trace) => void traces.push(trace))
    recording.stop()
    recording.dumpOn('error', (trace) => void traces.push(trace))
    await rejection(scheduler.run(fails))

    expect(traces).toEqual([])
  })

  it('reports an error of its callback, and the recording goes on', async () => {
    const { scheduler, host } = world()
    const error = failure()
    const recording = record(scheduler).dumpOn('error', () => {
      throw error
    })
    await rejection(scheduler.run(fails))

    expect(host.reports).toEqual([error])
    expect(recording.stop().events.at(-1)).toMatchObject({ e: 'exit' })
  })

  it('rejects a reason or a callback that is invalid', () => {
    const recording = record(world().scheduler)
    const to = () => {}

    expect(() => recording.dumpOn('crash' as never, to)).toThrow(
      `dumpOn(when, to): expected 'error', 'deadlock' or { longStep }, got "crash"`,
    )
    expect(() => recording.dumpOn(null as never, to)).toThrow('or { longStep }, got null')
    expect(() => recording.dumpOn({} as never, to)).toThrow('or { longStep }, got an object (Object)')
    expect(() => recording.dumpOn({ longStep: -1 }, to)).toThrow(
      'dumpOn({ longStep }): expected ms >= 0, got -1',
    )
    expect(() => recording.dumpOn('error', 5 as never)).toThrow(
      'dumpOn(when, to): expected a function, got 5',
    )
  })
})
