// Promise 13: a step is O(1) whatever the number of parked tasks. The test counts what the engine
// enters; it does not measure time.
import inspector from 'node:inspector'
import type { Coroutine, Scheduler } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const session = new inspector.Session()

// Loaded after counting has started, since the engine counts only in code that it compiles
// afterwards.
let s: typeof import('@bluelet/scheduler')
let testing: typeof import('@bluelet/scheduler/testing')

beforeAll(async () => {
  session.connect()
  await post('Profiler.enable')
  await post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  s = await import('@bluelet/scheduler')
  testing = await import('@bluelet/scheduler/testing')
})

afterAll(async () => {
  await post('Profiler.stopPreciseCoverage')
  session.disconnect()
})

type Coverage = inspector.Profiler.TakePreciseCoverageReturnType

function post(method: string, parameters?: object): Promise<Coverage> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => {
      if (error === null) resolve(result as Coverage)
      else reject(error)
    })
  })
}

/**
 * The number of times that the engine enters a function or a block of the scheduler's sources while
 * `program` runs.
 */
async function workOf(program: () => void): Promise<number> {
  await post('Profiler.takePreciseCoverage') // Sets the counts to 0.
  program()
  const { result } = await post('Profiler.takePreciseCoverage')
  const own = result.filter(({ url }) => url.includes('/packages/scheduler/src/'))
  const ranges = own.flatMap(({ functions }) => functions.flatMap((each) => each.ranges))
  return ranges.reduce((sum, { count }) => sum + count, 0)
}

const STEPS = 500
const FEW = 10
const MANY = 2000

/** The work of some steps of one task, beside a number of parked tasks. */
async function workBeside(count: number, park: () => Coroutine, task: () => Coroutine): Promise<number> {
  const host = new testing.VirtualHost({ manual: true })
  const scheduler: Scheduler = new s.Scheduler({ host, sites: false })
  for (let i = 0; i < count; i++) scheduler.spawn(park)
  while (scheduler.step());
  scheduler.spawn(task)
  for (let i = 0; i < 10; i++) scheduler.step()
  return workOf(() => {
    for (let i = 0; i < STEPS; i++) scheduler.step()
  })
}

function* waits(event: unknown): Coroutine {
  return yield event as never
}

function* pauses(): Coroutine {
  while (true) yield s.pause()
}

function* handsOver(): Coroutine {
  const channel = new s.Channel<number>({ capacity: 1 })
  const semaphore = new s.Semaphore()
  while (true) {
    yield channel.send(1)
    yield channel.receive()
    yield semaphore.acquire()
    semaphore.release()
  }
}

function* spawns(): Coroutine {
  while (true) yield yield* s.spawn(function* () {})
}

function* kills(): Coroutine {
  while (true) {
    const task = yield* s.spawn(() => waits(new s.Latch().wait()))
    yield s.pause()
    yield s.kill(task)
  }
}

function* races(): Coroutine {
  while (true) yield s.race([new s.Latch().wait(), s.pause()])
}

function* calls(): Coroutine {
  while (true) yield s.call(waits, s.pause())
}

function* sleeps(): Coroutine {
  while (true) yield s.sleep(0)
}

describe('the work of a step', () => {
  const shared = () => ({
    latch: new s.Latch(),
    channel: new s.Channel(),
    semaphore: new s.Semaphore(),
    never: new Promise(() => {}),
  })
  const parked: readonly (readonly [string, (things: ReturnType<typeof shared>) => unknown])[] = [
    ['one latch', ({ latch }) => latch.wait()],
    ['one channel', ({ channel }) => channel.receive()],
    ['one semaphore', ({ semaphore }) => semaphore.acquire()],
    ['one promise', ({ never }) => never],
    ['a sleep each', () => s.sleep(1e6)],
    ['a race each', ({ latch, never }) => s.race([latch.wait(), never])],
  ]
  it.each(parked)('does not grow with the number of tasks that wait for %s', async (_name, event) => {
    const things = shared()
    const park = () => waits(event(things))

    const few = await workBeside(FEW, park, pauses)
    const many = await workBeside(MANY, park, pauses)

    expect(few).toBeGreaterThan(STEPS)
    // Looking once at each of the tasks would make it 200 times as much.
    expect(many).toBeLessThan(few * 1.2)
  })

  const steps: readonly (readonly [string, () => Coroutine])[] = [
    ['sends, receives, acquires and releases', handsOver],
    ['spawns and joins', spawns],
    ['kills', kills],
    ['races', races],
    ['calls', calls],
  ]
  it.each(steps)('that %s does not grow with the number of parked tasks', async (_name, task) => {
    const park = () => waits(new s.Latch().wait())

    const few = await workBeside(FEW, park, task)
    const many = await workBeside(MANY, park, task)

    expect(few).toBeGreaterThan(STEPS)
    expect(many).toBeLessThan(few * 1.2)
  })

  it('that sleeps grows at most with the logarithm of the number of sleepers', async () => {
    const park = () => waits(s.sleep(1e6))

    const few = await workBeside(FEW, park, sleeps)
    const many = await workBeside(MANY, park, sleeps)

    expect(many).toBeLessThan(few * 5)
  })
})
