// Tasks that a library makes for itself: a recording leaves them out, and what they do then has
// the reason that they have.
import { Channel, type Coroutine, join, kill, pause, type Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { registerCoroutine } from '@bluelet/scheduler/lowlevel'
import { type RecordOptions, record, type Trace } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { world } from '../world.js'

/** Sends what it receives, and spawns a task for each: a loop of a library's own. */
const forward = registerCoroutine(
  function* forward(from: Channel<() => Coroutine<void>>): Coroutine<void> {
    while (true) {
      const makes = yield* from.receive()
      yield* (function* deeper() {
        yield (function* () {
          yield pause()
        })()
      })()
      yield* spawn(makes)
    }
  },
  { library: true },
)

async function recorded(scheduler: Scheduler, options?: RecordOptions): Promise<Trace> {
  const recording = record(scheduler, options)
  await scheduler.run(function* main() {
    const channel = new Channel<() => Coroutine<void>>()
    const loop = yield* spawn(forward, channel)
    yield* sleep(1)
    yield* channel.send(function* session() {
      yield pause()
    })
    yield* sleep(1)
    yield* kill(loop)
    const failing = yield* spawn(
      registerCoroutine(
        function* fails() {
          yield pause()
          return 1
        },
        { library: true },
      ),
    )
    yield* join(failing)
  })
  return recording.stop()
}

describe('a task of the library', () => {
  it('is left out, and what it does has its own reason', async () => {
    const trace = await recorded(world().scheduler)

    expect(trace.events.filter((event) => 'co' in event && event.co !== 1 && event.co !== 3)).toEqual([])
    const step = trace.events.find((event) => event.e === 'resume' && event.co === 1 && event.t === 1)?.n
    expect(trace.events.find(({ e, t }) => e === 'spawn' && t === 1)).toMatchObject({
      co: 3,
      name: 'session',
      parent: 1,
      by: step,
    })
    const killed = trace.events.filter((event) => event.e === 'wake' && event.co === 1).at(-1)
    expect(killed).toMatchObject({ by: { kind: 'task', co: 1 } })
  })

  it('is recorded with a mark on request', async () => {
    const trace = await recorded(world().scheduler, { library: true })

    expect(trace.events.filter(({ e }) => e === 'spawn')).toMatchObject([
      { name: 'main' },
      { name: 'forward', library: true, parent: 1 },
      { name: 'session', parent: 2 },
      { name: 'fails', library: true, parent: 1 },
    ])
  })

  it('is named as the library says, if its coroutine is spawned', async () => {
    const { scheduler } = world()
    const server = registerCoroutine(
      function* () {
        yield pause()
      },
      { name: 'server' },
    )

    expect(scheduler.spawn(server()).name).toBe('server')
    expect(scheduler.spawn((function* () {})()).name).toBe('task')
    await scheduler.run(function* main() {})
  })

  it('is a task of the program to a probe if nothing else is said', async () => {
    const { scheduler } = world()
    const seen: unknown[] = []
    scheduler.attach({ spawn: (task, _spawner, library) => void seen.push([task.name, library]) })
    await scheduler
      .run(function* main() {
        yield* spawn(forward, new Channel<never>())
        yield* sleep(1)
      })
      .catch(() => {})

    expect(seen).toEqual([
      ['main', false],
      ['forward', true],
    ])
  })
})
