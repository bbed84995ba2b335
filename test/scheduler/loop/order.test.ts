// Promise 1: ready tasks run first in, first out; the same program takes the same steps.
import {
  Channel,
  type Coroutine,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  type Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import type { Probe } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { world } from '../world.js'

describe('the order of steps', () => {
  it('is first in, first out', async () => {
    const { scheduler, log } = world()
    function* stepper(name: string) {
      for (let i = 1; i <= 3; i++) {
        log.push(`${name}${i}`)
        yield pause()
      }
    }

    for (const name of 'abcd') scheduler.spawn(stepper, name)
    await scheduler.run(function* () {})

    expect(log.join(' ')).toBe('a1 b1 c1 d1 a2 b2 c2 d2 a3 b3 c3 d3')
  })

  it('of first steps is that of the spawns', async () => {
    const { scheduler, log } = world()

    await scheduler.run(function* () {
      for (const name of 'abcd') {
        yield spawn(function* () {
          log.push(name)
        })
      }
    })

    expect(log.join('')).toBe('abcd')
  })

  it('puts a spawner before its child', async () => {
    const { scheduler, log } = world()

    await scheduler.run(function* () {
      yield spawn(function* () {
        log.push('child')
      })
      log.push('spawner')
    })

    expect(log).toEqual(['spawner', 'child'])
  })

  it('puts the tasks that were ready before a child', async () => {
    const { scheduler, log } = world()
    scheduler.spawn(function* () {
      yield spawn(function* () {
        log.push('child')
      })
      log.push('spawner')
    })
    scheduler.spawn(function* () {
      log.push('other')
    })

    await scheduler.run(function* () {})

    expect(log).toEqual(['other', 'spawner', 'child'])
  })

  it('puts a task whose wait has ended at the end', async () => {
    const { scheduler, log } = world()
    const latch = new Latch()
    scheduler.spawn(function* () {
      yield latch.wait()
      log.push('woken')
    })
    scheduler.spawn(function* () {
      latch.open()
      log.push('opener')
    })
    scheduler.spawn(function* () {
      log.push('other')
    })

    await scheduler.run(function* () {})

    expect(log).toEqual(['opener', 'other', 'woken'])
  })

  it('is first in, first out when the queue has to grow, and around its end', async () => {
    const { scheduler } = world()
    const steps: number[] = []
    function* stepper(n: number) {
      steps.push(n)
      yield pause()
      steps.push(n)
    }

    await scheduler.run(function* () {
      // Moves the head of the queue before it has to grow.
      for (let i = 0; i < 50; i++) yield pause()
      for (let n = 0; n < 1000; n++) scheduler.spawn(stepper, n)
    })

    const ascending = Array.from({ length: 1000 }, (_, n) => n)
    expect(steps).toEqual([...ascending, ...ascending])
  })

  it('wakes joiners in the order in which they joined', async () => {
    const { scheduler, log } = world()
    function* joiner(name: string, task: Task) {
      yield join(task)
      log.push(name)
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
      })
      for (const name of 'abc') yield spawn(joiner, name, task)
    })

    expect(log.join('')).toBe('abc')
  })

  it('is kept, in linear time, when two hundred thousand tasks wait for one event', {
    tags: 'large',
  }, async () => {
    const { scheduler } = world()
    const woken: number[] = []

    await scheduler.run(function* () {
      const latch = new Latch()
      function* waiter(n: number) {
        yield latch.wait()
        woken.push(n)
      }
      for (let n = 0; n < 200_000; n++) yield spawn(waiter, n)
      yield pause()
      latch.open()
    })

    expect(woken.every((n, i) => n === i)).toBe(true)
    expect(woken).toHaveLength(200_000)
  })

  it('is the same each time that a program runs', async () => {
    const first = world()
    const second = world()
    const traces = [trace(first.scheduler), trace(second.scheduler)] as const

    await first.scheduler.run(busyProgram)
    await second.scheduler.run(busyProgram)

    expect(traces[0].length).toBeGreaterThan(500)
    expect(traces[1]).toEqual(traces[0])
  })
})

/** Everything that a scheduler does, line by line. */
function trace(scheduler: Scheduler): string[] {
  const lines: string[] = []
  const note = (what: string) => (task: Task) => void lines.push(`${scheduler.now()} ${what} ${task}`)
  const probe: Probe = {
    spawn: note('spawn'),
    resume: note('resume'),
    yield: note('yield'),
    park: note('park'),
    wake: note('wake'),
    exit: note('exit'),
  }
  scheduler.attach(probe)
  return lines
}

/** Uses every event, in a complicated but deterministic way. */
function* busyProgram(): Coroutine<void> {
  const channel = new Channel<number>({ capacity: 2 })
  function* producer(n: number) {
    for (let i = 0; i < 5; i++) {
      yield channel.send(n * i)
      yield n % 2 === 0 ? pause() : sleep((n * i) % 7)
    }
  }
  function* consumer() {
    while (true) {
      const value = yield* race([channel.receive(), sleep(3)])
      if (value === undefined) yield sleep(1)
    }
  }
  function* limited(n: number) {
    try {
      yield timeout(n, sleep(5))
    } catch {
      yield sleep(n)
    }
  }

  const consumers = [yield* spawn(consumer), yield* spawn(consumer)]
  yield group(function* (g) {
    for (let n = 0; n < 10; n++) {
      yield g.spawn(producer, n)
      yield g.spawn(limited, n)
    }
  })
  for (const task of consumers) yield kill(task)
}
