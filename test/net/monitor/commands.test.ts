// What the monitored thread answers, of schedulers in virtual time.
import {
  all,
  type Coroutine,
  join,
  Latch,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coroutinePairs } from '../../../packages/net/src/monitor/answers.js'
import { answer } from '../../../packages/net/src/monitor/commands.js'
import { SPAWNED, STEPS, TASKS } from '../../../packages/net/src/monitor/counters.js'
import { Watches } from '../../../packages/net/src/monitor/watches.js'

let watches: Watches

beforeEach(() => {
  watches = new Watches()
})

afterEach(() => watches.close())

/** What a command gives; times are replaced, and runs of spaces are one. */
function asked(command: string, control = false): string[] {
  const lines = answer(watches, command, control).split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => line.replaceAll(/\d+(\.\d+)? (ms|s)\b/g, 'T').replaceAll(/ +/g, ' '))
}

/** A scheduler that the test steps, and that is watched. */
function watchedScheduler(sites = false): Scheduler {
  const scheduler = new Scheduler({ host: new VirtualHost({ manual: true }), sites })
  watches.add(scheduler)
  return scheduler
}

function* waiter(): Coroutine<void> {
  yield* sleep(1000)
}

/** Spawns a waiter and joins it. */
function* main(): Coroutine<void> {
  const task = yield* spawn(waiter)
  yield* join(task)
}

function stepAll(scheduler: Scheduler): void {
  while (scheduler.step()) {}
}

describe('ps', () => {
  it('lists the tasks, with what they wait for and what woke them', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(main)
    stepAll(scheduler)

    const lines = asked('ps').map((line) => line.replaceAll(/\b\d\.\d\b/g, 'R'))

    expect(lines).toEqual([
      'id state steps run ms since waits for last woken by name',
      ' 1 parked 2 R T join(waiter#2) its spawn main',
      ' 2 parked 1 R T sleep(1000) its spawn waiter',
    ])
  })

  it('shows what woke a task: another one, a timer, or the outside', async () => {
    const host = new VirtualHost()
    const scheduler = new Scheduler({ host, sites: false })
    watches.add(scheduler)
    const seen: unknown[] = []
    const causes = () =>
      asked('ps main')
        .slice(1)
        .map((line) => / (\S+( \S+)?) main$/.exec(line)?.[1])

    await scheduler.run(function* main() {
      yield* join(yield* spawn(function* brief() {}))
      seen.push(causes())
      yield* sleep(1)
      seen.push(causes())
      yield Promise.resolve()
      seen.push(causes())
    })

    expect(seen.flat().map((cause) => String(cause).split(' ').slice(-2).join(' '))).toEqual([
      'T brief#2',
      'a timer',
      'T promise',
    ])
  })

  it('lists tasks by a part of their names', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(main)
    stepAll(scheduler)

    expect(
      asked('ps wait')
        .slice(1)
        .map((line) => line.split(' ').at(-1)),
    ).toEqual(['waiter'])
    expect(asked('ps nothing')).toHaveLength(1)
  })

  it('lists a thousand tasks, and counts the others', () => {
    const scheduler = watchedScheduler()
    for (let i = 0; i < 1005; i++) scheduler.spawn(waiter)

    const lines = asked('ps')

    expect(lines).toHaveLength(1 + 1000 + 1)
    expect(lines.at(-1)).toBe('... and 5 more: ps NAME lists some of them')
  })

  it('writes names without the characters that a terminal obeys', () => {
    const scheduler = watchedScheduler()
    const evil = { *[`\u001b[2J${'x'.repeat(300)}`](): Coroutine<void> {} }
    scheduler.spawn(Object.values(evil)[0] as typeof waiter)

    const [, line = ''] = asked('ps')

    expect(line).toMatch(/ \ufffd\[2Jx+\.\.\.$/)
    expect(line.length).toBeLessThan(300)
  })

  it('tells the tasks of a second scheduler from those of the first', () => {
    watchedScheduler().spawn(waiter)
    watchedScheduler().spawn(main)

    expect(
      asked('ps')
        .slice(1)
        .map((line) => line.trim().split(' ')[0]),
    ).toEqual(['1', '2.1'])
    expect(asked('where 2.1')[0]).toBe('main#2.1 is new')
    expect(asked('where main#2.1')[0]).toBe('main#2.1 is new')
    expect(asked('where 1')[0]).toBe('waiter#1 is new')
  })
})

describe('tree', () => {
  it('shows each task below its spawner', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(main)
    scheduler.spawn(main)
    stepAll(scheduler)

    expect(asked('tree')).toEqual([
      'main#1 join(waiter#3)',
      ' waiter#3 sleep(1000)',
      'main#2 join(waiter#4)',
      ' waiter#4 sleep(1000)',
    ])
  })

  it('shows a task whose spawner has ended at the left', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(function* parent() {
      yield* spawn(waiter)
    })
    stepAll(scheduler)

    expect(asked('tree')).toEqual(['waiter#2 sleep(1000)'])
  })

  it('shows the first thousand tasks', () => {
    const scheduler = watchedScheduler()
    for (let i = 0; i < 1005; i++) scheduler.spawn(waiter)

    const lines = asked('tree')

    expect(lines).toHaveLength(1001)
    expect(lines.at(-1)).toBe('... and more: the first 1000 tasks are shown')
  })
})

describe('where', () => {
  it('shows the state and the wait of a task', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(main)
    stepAll(scheduler)

    expect(asked('where 2')).toEqual(['waiter#2 is parked, in sleep(1000)', 'spawned by main#1'])
  })

  it('shows lines, with the option sites', () => {
    const scheduler = watchedScheduler(true)
    scheduler.spawn(function* outer() {
      const task = yield* spawn(main())
      yield task
    })
    stepAll(scheduler)

    const lines = asked('where 2')

    expect(lines[2]).toMatch(/^spawned at outer \(.*commands\.test\.ts:\d+:\d+\)$/)
    expect(lines.at(-1)).toMatch(/^last yielded at main \(.*commands\.test\.ts:\d+:\d+\)$/)
  })

  it('says that coroutines were called, and that the place of some is unknown', () => {
    const scheduler = watchedScheduler(true)
    scheduler.spawn(function* outer() {
      yield waiter()
    })
    stepAll(scheduler)

    expect(asked('where 1').slice(2)).toEqual([
      'its coroutine has called 1 other',
      'last yielded at an unknown place',
      expect.stringMatching(/^last yielded at waiter /),
    ])
  })

  it('names what is wrong with an id', () => {
    watchedScheduler()

    expect(asked('why')).toEqual(['why: expected the id of a task, as ps shows it: why 3'])
    expect(asked('where 7')).toEqual(['where: there is no task 7, or it has ended'])
    expect(asked('why x')).toEqual(['why: there is no task x, or it has ended'])
  })
})

describe('coroutinePairs', () => {
  it('gives the coroutines of the tasks with an id, or a part of their names', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(function* outer() {
      yield waiter()
    })
    scheduler.spawn(main)
    stepAll(scheduler)
    const labels = (argument: string) =>
      coroutinePairs(watches, argument).filter((part) => typeof part === 'string')

    expect(labels('')).toEqual(['outer#1', 'outer#1', 'main#2', 'waiter#3'])
    expect(labels('2')).toEqual(['main#2'])
    expect(labels('wait')).toEqual(['waiter#3'])
    expect(asked('where wait')).toEqual([])
  })

  it('gives two hundred', () => {
    const scheduler = watchedScheduler()
    for (let i = 0; i < 300; i++) scheduler.spawn(waiter)

    expect(coroutinePairs(watches, '')).toHaveLength(400)
  })
})

describe('why', () => {
  it('follows the causes until they are no tasks', async () => {
    const host = new VirtualHost()
    const scheduler = new Scheduler({ host, sites: false })
    watches.add(scheduler)
    let lines: string[] = []

    await scheduler.run(function* main() {
      const first = yield* spawn(function* first() {
        yield* sleep(10)
        yield* join(
          yield* spawn(function* last() {
            lines = asked('why 1')
          }),
        )
      })
      yield* join(first)
      lines = asked('why 1')
    })

    expect(lines).toEqual(['main#1 was made ready by first#2, T ago', 'that task has ended'])
  })

  it('follows ten causes', () => {
    const scheduler = watchedScheduler()
    const latches = Array.from({ length: 13 }, () => new Latch())
    for (let i = 0; i < 12; i++) {
      scheduler.spawn(function* link() {
        yield* latches[i]!.wait()
        latches[i + 1]!.open()
        yield* sleep(1000)
      })
    }
    stepAll(scheduler)
    latches[0]!.open()
    stepAll(scheduler)

    const lines = asked('why 12')

    expect(lines).toHaveLength(11)
    expect(lines.slice(0, 2)).toEqual([
      'link#12 was made ready by link#11, T ago',
      'link#11 was made ready by link#10, T ago',
    ])
    expect(lines.at(-1)).toBe('...')
    expect(asked('why 2')).toEqual([
      'link#2 was made ready by link#1, T ago',
      'link#1 was made ready by outside, T ago',
    ])
  })

  it('stops where a task has been woken again since', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })
    watches.add(scheduler)
    let lines: string[] = []

    await scheduler.run(function* main() {
      const latch = new Latch()
      yield* spawn(function* woken() {
        yield* latch.wait()
        yield* sleep(10)
      })
      yield* sleep(1)
      latch.open()
      yield* sleep(1)
      lines = asked('why 2')
    })

    expect(lines).toEqual([
      'woken#2 was made ready by main#1, T ago',
      'main#1 has been made ready again since: `trace` keeps the causes',
    ])
  })

  it('does not know what was before the monitor', () => {
    const scheduler = new Scheduler({ host: new VirtualHost({ manual: true }) })
    scheduler.spawn(main)
    stepAll(scheduler)
    watches.add(scheduler)

    expect(asked('why 2')).toEqual(['waiter#2 was made ready by something earlier, T ago'])
    expect(asked('tree')).toEqual(['main#1 join(waiter#2)', ' waiter#2 sleep(1000)'])
  })
})

describe('waits', () => {
  it('finds circles of tasks that wait for each other', () => {
    const scheduler = watchedScheduler()
    const tasks: Task[] = []
    const joins = (name: string, targets: () => Task[]) =>
      tasks.push(
        scheduler.spawn(
          {
            *[name]() {
              yield* all([...targets().map((task) => join(task)), sleep(1000)])
            },
          }[name] as () => Coroutine<void>,
        ),
      )
    joins('a', () => [tasks[1]!])
    joins('b', () => [tasks[2]!, tasks[3]!])
    joins('c', () => [tasks[1]!])
    joins('d', () => [])
    joins('e', () => [tasks[0]!, tasks[3]!])
    stepAll(scheduler)

    expect(asked('waits')).toEqual([
      'circle, which never ends: b#2 waits for c#3 waits for b#2',
      'a#1 waits for b#2',
      'b#2 waits for c#3, d#4',
      'c#3 waits for b#2',
      'e#5 waits for a#1, d#4',
    ])
  })

  it('says so if there is no circle, and shows what can end by itself', () => {
    const scheduler = watchedScheduler()
    const first = scheduler.spawn(waiter)
    scheduler.spawn(function* either() {
      yield* race([join(first), sleep(1)])
    })
    stepAll(scheduler)

    expect(asked('waits')).toEqual([
      'no circle of tasks that wait for each other',
      'either#2 waits for waiter#1',
    ])
  })

  it('shows which tasks wait for the same object', () => {
    const scheduler = watchedScheduler()
    class Lock {}
    for (const lock of [new Lock(), Object.create(null)]) {
      const handler = { name: 'lock', external: 'test', enter() {}, withdraw() {}, on: () => lock }
      for (let i = 0; i < 12; i++) {
        scheduler.spawn(function* user() {
          yield* event(handler, undefined)
        })
      }
    }
    stepAll(scheduler)

    expect(asked('waits').slice(1)).toEqual([
      `Lock 1 is awaited by ${Array.from({ length: 10 }, (_, i) => `user#${i + 1}`).join(', ')}, 2 more`,
      expect.stringMatching(/^object 2 is awaited by user#13, /),
    ])
  })

  it('looks at ten thousand tasks, and shows five hundred lines', () => {
    const scheduler = watchedScheduler()
    const first = scheduler.spawn(waiter)
    const other = new Scheduler({ host: new VirtualHost({ manual: true }) }).spawn(waiter)
    for (let i = 0; i < 600; i++) {
      scheduler.spawn(function* joiner() {
        yield* join(i === 0 ? other : first)
      })
    }
    stepAll(scheduler)

    const lines = asked('waits')

    expect(lines).toHaveLength(501)
    expect(lines[1]).toBe('joiner#2 waits for waiter#1')
    expect(lines.at(-1)).toBe('... and 101 more')
  })
})

describe('cancel', () => {
  it('cancels a task, if that is allowed', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(waiter)
    stepAll(scheduler)

    expect(asked('cancel 1')).toEqual([
      'cancel: not allowed; the program has to begin with monitor({ control: true })',
    ])
    expect(scheduler.snapshot()[0]?.state).toBe('parked')

    expect(asked('cancel 1', true)).toEqual(['waiter#1 is being cancelled'])
    stepAll(scheduler)
    expect(scheduler.snapshot()).toEqual([])
  })
})

describe('a command', () => {
  it('that does not exist is an error that leads to help', () => {
    expect(asked('foo')).toEqual(['there is no command "foo"; help lists the commands'])
    expect(asked('')).toEqual(['there is no command ""; help lists the commands'])
  })

  it('that fails says so, and harms nothing', () => {
    const broken = {
      tasks: () => {
        throw new Error('broken')
      },
    } as unknown as Watches

    expect(answer(broken, 'ps', false)).toBe('ps failed: Error: broken\n')
  })
})

describe('the counters', () => {
  it('count steps and tasks, until the monitor ends', () => {
    const scheduler = watchedScheduler()
    scheduler.spawn(function* () {
      yield pause()
    })
    scheduler.spawn(waiter)
    const counts = () => [TASKS, SPAWNED, STEPS].map((place) => watches.counters[place])

    expect(counts()).toEqual([2, 2, 0])
    stepAll(scheduler)
    expect(counts()).toEqual([1, 2, 3])
    watches.close()
    scheduler.spawn(waiter)
    expect(counts()).toEqual([0, 2, 3])
  })

  it('are of all schedulers, however many there were', () => {
    for (let i = 0; i < 200; i++) {
      const scheduler = watchedScheduler()
      scheduler.spawn(function* () {})
      stepAll(scheduler)
    }
    const last = watchedScheduler()
    watches.add(last)
    last.spawn(waiter)

    expect(watches.counters[SPAWNED]).toBe(201)
    expect(asked('ps')).toHaveLength(2)
  })
})
