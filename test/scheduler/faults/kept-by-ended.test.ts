// Promise 13: what has ended keeps nothing of what it was given, although a program keeps it.
import {
  all,
  Channel,
  type Coroutine,
  call,
  type Event,
  type Group,
  group,
  kill,
  Latch,
  pause,
  race,
  Scheduler,
  Semaphore,
  shield,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { type runtimeOf, TaskScope } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { sleeper, usedHeap } from '../coroutines.js'
import { virtually } from '../world.js'

const COUNT = 20
/** The engine may keep the last ones. */
const MAX_LEFT = 3

/** Objects that must be collected while the program keeps what they were given to. */
class Sample {
  readonly #references: WeakRef<object>[] = []
  readonly kept: unknown[] = []

  /** A large object, to be collected. */
  make(): object {
    const object = { of: new Array(100) }
    this.#references.push(new WeakRef(object))
    return object
  }

  /** How many of them there were, and how many are still there. */
  get counts(): { readonly made: number; readonly left: number } {
    const left = this.#references.filter((reference) => reference.deref() !== undefined).length
    return { made: this.#references.length, left }
  }
}

/** Holds an object for as long as it runs. */
function* holding(object: object, ms: number): Coroutine<boolean> {
  yield* sleep(ms)
  return object !== undefined
}

const uses: Readonly<Record<string, (sample: Sample) => Coroutine<void>>> = {
  *'a group'(sample) {
    yield* group(function* (g: Group) {
      sample.kept.push(g)
      const object = sample.make()
      yield* g.spawn(holding, object, 1)
      yield* holding(object, 2)
    })
  },
  *'a group with a limit'(sample) {
    yield* group(
      function* (g: Group) {
        sample.kept.push(g)
        for (let i = 0; i < 3; i++) yield* g.spawn(holding, sample.make(), 1)
      },
      { limit: 1 },
    )
  },
  *'a group that has failed'(sample) {
    try {
      yield* group(function* (g: Group) {
        sample.kept.push(g)
        yield* g.spawn(holding, sample.make(), 1000)
        yield* holding(sample.make(), 1)
        throw Object.assign(new Error('failed'), { object: sample.make() })
      })
    } catch {}
  },
  *'a group whose value was disposed of'(sample) {
    try {
      yield* group(function* (g: Group) {
        sample.kept.push(g)
        yield* g.spawn(function* () {
          yield* sleep(1)
          throw Object.assign(new Error('failed'), { object: sample.make() })
        })
        return Object.assign(sample.make(), { [Symbol.asyncDispose]: () => Promise.resolve() })
      })
    } catch {}
  },
  *'a group that has given a value'(sample) {
    yield* group(function* (g: Group) {
      sample.kept.push(g)
      yield* pause()
      return sample.make()
    })
  },
  *'a group that was withdrawn'(sample) {
    yield* race([
      group(function* (g: Group) {
        sample.kept.push(g)
        yield* g.spawn(holding, sample.make(), 1000)
        yield* holding(sample.make(), 1000)
      }),
      sleep(1),
    ])
  },
  *'a task that has failed while another one waited'(sample) {
    const task = yield* spawn(holding, sample.make(), 1)
    sample.kept.push(task)
    yield* all([task, task])
  },
  *'a task that was killed'(sample) {
    const task = yield* spawn(function* () {
      yield* race([holding(sample.make(), 1000), shield(holding, sample.make(), 1)])
      yield* timeout(1000, all([call(holding, sample.make(), 1000)]))
    })
    sample.kept.push(task)
    yield* sleep(2)
    yield* kill(task)
  },
  *'a channel'(sample) {
    const channel = new Channel<object>({ capacity: 0 })
    sample.kept.push(channel)
    yield* race([channel.send(sample.make()), sleep(1)])
    yield* race([receiving(channel, sample.make()), sleep(1)])
    yield* all([channel.send(sample.make()), channel.receive()])
  },
  *'a semaphore'(sample) {
    const semaphore = new Semaphore()
    sample.kept.push(semaphore)
    yield* semaphore.acquire()
    yield* race([waiting(semaphore.acquire(), sample.make()), sleep(1)])
    semaphore.release()
  },
  *'a latch'(sample) {
    const latch = new Latch()
    sample.kept.push(latch)
    yield* race([waiting(latch.wait(), sample.make()), sleep(1)])
    yield* spawn(waiting, latch.wait(), sample.make())
    yield* pause()
    latch.open()
  },
  *'a scope'(sample) {
    const owner = { failed() {} }
    const scope = new TaskScope(owner)
    sample.kept.push(scope)
    const { scheduler } = yield* handles()
    scheduler.spawnUnder(scope, holding, sample.make(), 1)
    scheduler.spawnUnder(scope, holding, sample.make(), 1000)
    yield* sleep(2)
    scope.cancel()
  },
  *'a scheduler'(sample) {
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })
    sample.kept.push(scheduler)
    yield scheduler.run(() => holding(sample.make(), 1), { context: contextOf(sample.make()) })
  },
  *'a scheduler whose run has failed'(sample) {
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: true })
    sample.kept.push(scheduler)
    yield scheduler
      .run(function* () {
        yield* spawn(sleeper)
        yield* holding(sample.make(), 1)
        throw Object.assign(new Error('failed'), { object: sample.make() })
      })
      .catch(() => {})
  },
  *'an event that was awaited in a run'(sample) {
    const event = sleep(1)
    sample.kept.push(event)
    yield* waiting(event, sample.make())
  },
}

function* receiving(channel: Channel<object>, object: object): Coroutine<object> {
  yield* channel.receive()
  return object
}

function* waiting(event: Event, object: object): Coroutine<object> {
  yield event
  return object
}

function* handles() {
  const task = yield* spawn(pausing)
  return { scheduler: (task as unknown as { scheduler: ReturnType<typeof runtimeOf> }).scheduler }
}

function* pausing(): Coroutine<void> {
  yield* pause()
}

function contextOf(object: object) {
  return () =>
    <A, R>(call: (arg: A) => R, arg: A): R =>
      object !== undefined ? call(arg) : call(arg)
}

describe('what has ended', () => {
  it('keeps nothing, although a program keeps it', async () => {
    const samples = new Map(Object.keys(uses).map((name) => [name, new Sample()]))

    await virtually(function* () {
      for (const [name, sample] of samples)
        for (let n = 0; n < COUNT; n++) yield uses[name]?.(sample) as Coroutine<void>
      yield* sleep(2000)
      yield* usedHeap()
    })

    for (const [name, sample] of samples) {
      const { made, left } = sample.counts
      expect(made, name).toBeGreaterThanOrEqual(COUNT)
      expect(sample.kept.length, name).toBe(COUNT)
      expect(left, name).toBeLessThanOrEqual(MAX_LEFT)
    }
  })
})
