import {
  Channel,
  type Coroutine,
  group,
  join,
  kill,
  Latch,
  pause,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { type LintOptions, lint, record, type Trace } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { exit, park, resume, spawn as spawned, traceOf, type Written, yields } from './traces.js'

/** Runs a program to its end, however it ends, and records it. */
async function recorded(program: () => Coroutine<unknown>): Promise<Trace> {
  const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })
  const recording = record(scheduler)
  await scheduler.run(program).catch(() => {})
  return recording.stop()
}

/** What is found in the trace of a program: `rule task: message`. */
async function found(program: () => Coroutine<unknown>, options?: LintOptions): Promise<string[]> {
  return messages(await recorded(program), options)
}

function messages(trace: Trace, options?: LintOptions): string[] {
  return lint(trace, options).map(({ rule, msg }) => `${rule}: ${msg}`)
}

describe('lint', () => {
  it('finds nothing in a program that is right', async () => {
    const findings = await found(function* main() {
      const channel = new Channel<number>()
      function* producer(): Coroutine<void> {
        for (let i = 0; i < 3; i++) {
          yield* sleep(1)
          yield* channel.send(i)
        }
        channel.close()
      }
      const task = yield* spawn(producer)
      while ((yield* channel.receive()) !== 2) yield* pause()
      yield* join(task)
    })

    expect(findings).toEqual([])
    expect(lint(traceOf([]))).toEqual([])
  })

  it('says which event and which task it is about', async () => {
    const trace = await recorded(function* main() {
      yield* new Latch().wait()
    })

    const [finding] = lint(trace)

    expect(finding).toMatchObject({ rule: 'lost-wakeup', co: 1, tasks: [1], t: 0 })
    expect(trace.events[(finding?.n ?? 0) + 1]).toMatchObject({ e: 'cancel' })
  })

  it('is given in the order of the events', () => {
    const trace = traceOf([spawned(1, 'a'), resume(1, 0), exit(1), spawned(2, 'b'), resume(2, 3), exit(2)])

    expect(lint(trace).map(({ n }) => n)).toEqual([2, 5])
  })

  it('refuses invalid limits, and what is no trace', () => {
    expect(() => lint(traceOf([]), { longStep: -1 })).toThrow('lint: longStep: expected ms >= 0, got -1')
    expect(() => lint(traceOf([]), { pauses: 0 })).toThrow(RangeError)
    expect(() => lint(traceOf([]), { overtaken: 1.5 })).toThrow(RangeError)
    expect(() => lint(null as never)).toThrow(TypeError)
  })
})

describe('the rule lost-wakeup', () => {
  it('finds a wait that no task is left to end', async () => {
    const findings = await found(function* main() {
      const channel = new Channel<number>({ capacity: 1 })
      yield* spawn(function* consumer() {
        yield* channel.receive()
        yield* channel.receive()
      })
      yield* channel.send(1)
    })

    expect(findings).toEqual([
      'lost-wakeup: consumer#2 waits for channel.receive(), and no task is left that could end its wait: what it waits for may have happened before, or its task has ended',
    ])
  })

  it('names the task that waits, not those that wait for it', () => {
    const trace = traceOf([
      spawned(1, 'main'),
      spawned(2, 'waiter'),
      resume(1, 0),
      yields(1, 'join(waiter#2)', { on: { tasks: [2] } }),
      park(1),
      resume(2, 1),
      yields(2, 'latch.wait()'),
      park(2),
    ])

    expect(lint(trace).map(({ rule, co }) => `${rule} ${co}`)).toEqual(['lost-wakeup 2'])
  })

  it('names the task that waits, and not the one that joins it', async () => {
    const findings = await found(function* main() {
      const latch = new Latch()
      const waiter = yield* spawn(function* waiter() {
        yield* latch.wait()
      })
      yield* join(waiter)
    })

    expect(findings).toEqual([
      'lost-wakeup: waiter#2 waits for latch.wait(), and no task is left that could end its wait: what it waits for may have happened before, or its task has ended',
    ])
  })

  it('does not fire if a timer could still do it, or something outside', async () => {
    const stopped = async (program: () => Coroutine<unknown>) => {
      const host = new VirtualHost({ manual: true })
      const scheduler = new Scheduler({ host, sites: false })
      const recording = record(scheduler)
      scheduler.spawn(program)
      while (scheduler.step());
      return messages(recording.stop())
    }

    expect(
      await stopped(function* main() {
        const latch = new Latch()
        yield* spawn(function* opener() {
          yield* sleep(10)
          latch.open()
        })
        yield* latch.wait()
      }),
    ).toEqual([])
    expect(
      await stopped(function* main() {
        yield new Promise(() => {})
      }),
    ).toEqual([])
  })
})

describe('the rule deadlock', () => {
  /** Two tasks that take two permits, each in an order of its own. */
  function crossing(order: readonly [0 | 1, 0 | 1]): () => Coroutine<void> {
    return function* main() {
      const forks = [new Semaphore(1), new Semaphore(1)] as const
      function* philosopher(first: 0 | 1): Coroutine<void> {
        yield* forks[first].acquire()
        yield* sleep(1)
        yield* forks[first === 0 ? 1 : 0].acquire()
        forks[0].release()
        forks[1].release()
      }
      for (const first of order) yield* spawn(philosopher, first)
    }
  }

  it('finds a circle of permits that tasks have taken', () => {
    const acquires = (co: number, res: number) => yields(co, 'semaphore.acquire()', { on: { res } })
    const trace = traceOf([
      spawned(1, 'a'),
      spawned(2, 'b'),
      resume(1, 0),
      acquires(1, 1),
      resume(1, 3),
      acquires(1, 2),
      park(1),
      resume(2, 1),
      acquires(2, 2),
      resume(2, 8),
      acquires(2, 1),
      park(2),
    ])

    expect(messages(trace)).toEqual([
      'deadlock: a#1 waits for b#2 (semaphore.acquire()), which waits for a#1 (semaphore.acquire())',
    ])
  })

  it('finds a circle of permits', async () => {
    expect(await found(crossing([0, 1]))).toEqual([
      'deadlock: philosopher#2 waits for philosopher#3 (semaphore.acquire()), which waits for philosopher#2 (semaphore.acquire())',
    ])
  })

  it('does not fire if both take them in the same order', async () => {
    expect(await found(crossing([0, 0]))).toEqual([])
  })

  it('finds a circle of joins, and one through combinations', () => {
    const waiting = (co: number, ev: string, more: object): Written[] => [
      resume(co, co - 1),
      yields(co, ev, more),
      park(co),
    ]
    const trace = traceOf([
      spawned(1, 'a'),
      spawned(2, 'b'),
      spawned(3, 'c', 2, null),
      ...waiting(1, 'join(b#2)', { on: { tasks: [2] } }),
      ...waiting(2, 'group()', {}),
      ...waiting(3, 'join(a#1)', { on: { tasks: [1] } }),
    ])

    expect(messages(trace)).toEqual([
      'deadlock: a#1 waits for b#2 (join(b#2)), which waits for c#3 (group()), which waits for a#1 (join(a#1))',
    ])
    expect(lint(trace)[0]?.tasks).toEqual([1, 2, 3])
  })

  it('finds two tasks that wait for each other over a network, if nothing is outside', () => {
    const recv = (co: number, res: number): Written[] => [
      resume(co, co - 1),
      yields(co, 'recv(1)', { on: { res } }),
      park(co),
    ]
    const events = [
      spawned(1, 'client'),
      spawned(2, 'server'),
      { e: 'res', res: 1, op: 'connect', step: null } as const,
      { e: 'io', res: 9, op: 'accept', made: 2, cause: 2, step: null } as const,
      ...recv(1, 1),
      ...recv(2, 2),
    ]

    expect(messages(traceOf(events))).toEqual([
      'deadlock: client#1 waits for server#2 (recv(1)), which waits for client#1 (recv(1))',
    ])
    expect(messages(traceOf(events, { clock: 'real' }))).toEqual([])
  })

  it('does not fire for a server that waits for clients after its root has ended', () => {
    const trace = traceOf([
      spawned(1, 'main'),
      resume(1, 0),
      spawned(2, 'session', 1, 1),
      exit(1),
      resume(2, 2),
      yields(2, 'recv(1)', { on: { res: 1 } }),
      park(2),
      { e: 'cancel', co: 2, by: { kind: 'external', source: 'outside' }, grace: 5 },
    ])

    expect(messages(trace).filter((message) => !message.startsWith('no-yield'))).toEqual([])
  })
})

describe('the rule left-behind', () => {
  const events = [
    spawned(1, 'main'),
    resume(1, 0),
    yields(1, 'spawn(child)'),
    spawned(2, 'child', 1, 1),
    resume(2, 3),
    yields(2, 'sleep(100)'),
    park(2),
    resume(1, 2),
  ]

  it('finds a task that waits although the one that spawned it has ended', () => {
    expect(messages(traceOf([...events, exit(1)]))).toEqual([
      'left-behind: child#2 still waits for sleep(100), since 0 ms, although main#1, which spawned it, has ended: join it, kill it, or spawn it in a group',
    ])
  })

  it('does not fire if that one has not ended, or the task is being cancelled', () => {
    const cancel: Written = { e: 'cancel', co: 2, by: { kind: 'external', source: 'outside' }, grace: 5 }

    expect(messages(traceOf(events))).toEqual([])
    expect(messages(traceOf([...events, cancel, exit(1)]))).toEqual([])
  })

  it('does not fire for a program that has ended', async () => {
    const findings = await found(function* main() {
      yield* spawn(function* child() {
        yield* sleep(1)
      })
    })

    expect(findings).toEqual([])
  })
})

describe('the rule busy-loop', () => {
  /** Waits by pausing, until another task has had its turns. */
  function polling(times: number, between?: () => Coroutine<unknown>): () => Coroutine<void> {
    return function* main() {
      for (let i = 0; i < times; i++) {
        yield* pause()
        if (between !== undefined) yield* between()
      }
    }
  }

  it('finds a task that pauses over and over', async () => {
    expect(await found(polling(10), { pauses: 10 })).toEqual([
      'busy-loop: main#1 has yielded pause() 10 times in a row, and nothing else: wait for what it waits for, such as a latch or a channel',
    ])
    expect(await found(polling(999))).toEqual([])
    expect(await found(polling(1001))).toHaveLength(1)
  })

  it('finds a task that sleeps for no time', async () => {
    const findings = await found(
      function* main() {
        for (let i = 0; i < 10; i++) yield* sleep(0)
      },
      { pauses: 10 },
    )

    expect(findings).toHaveLength(1)
    expect(findings[0]).toContain('sleep(0) 10 times')
  })

  it('does not fire if something else happens in between', async () => {
    expect(
      await found(
        polling(20, () => sleep(1) as never),
        { pauses: 10 },
      ),
    ).toEqual([])
    const io: Written = { e: 'io', res: 1, op: 'write', bytes: 1, cause: null, step: 1 }
    const turns = (between: readonly Written[]) =>
      traceOf([spawned(1, 'a'), resume(1, 0), yields(1, 'pause()'), ...between, yields(1, 'pause()')])

    expect(messages(turns([]), { pauses: 2 })).toHaveLength(1)
    expect(messages(turns([io]), { pauses: 2 })).toEqual([])
    expect(messages(turns([{ ...io, step: 99 }]), { pauses: 2 })).toHaveLength(1)
    expect(messages(turns([{ ...resume(2, null), t: 1 }]), { pauses: 2 })).toEqual([])
  })
})

describe('the rule no-yield', () => {
  it('finds a task that ended without a yield', async () => {
    const findings = await found(function* main() {
      const task = yield* spawn(function* waiter() {
        void sleep(10)
      })
      yield* join(task)
    })

    expect(findings).toEqual([
      'no-yield: waiter#2 ended without a yield, so it waited for nothing: an event that it made and did not yield has done nothing',
    ])
  })

  it('does not fire if a task of the same name yields, or for what the library makes', async () => {
    const findings = await found(function* main() {
      function* worker(wait: boolean): Coroutine<void> {
        if (wait) yield* sleep(1)
      }
      yield* spawn(worker, false)
      yield* spawn(worker, true)
    })
    const library = traceOf([
      { e: 'spawn', co: 1, name: 'x', parent: null, by: null, library: true },
      resume(1, 0),
      exit(1),
    ])

    expect(findings).toEqual([])
    expect(messages(library)).toEqual([])
    expect(messages(traceOf([resume(1, null), exit(1)], { dropped: 3 }))).toEqual([])
  })
})

describe('the rule long-step', () => {
  const events = [spawned(1, 'a'), resume(1, 0), { ...yields(1, 'pause()'), t: 60 }]

  it('finds a step that took long in real time', () => {
    expect(messages(traceOf(events, { clock: 'real' }))).toEqual([
      'long-step: a#1 took a step of 60 ms, in which no other task could run: divide its work, and yield pause() between the parts',
    ])
  })

  it('does not fire for a shorter one, in virtual time, or for a step without an end', () => {
    expect(messages(traceOf(events, { clock: 'real' }), { longStep: 61 })).toEqual([])
    expect(messages(traceOf(events))).toEqual([])
    expect(messages(traceOf(events.slice(0, 2), { clock: 'real' }))).toEqual([])
  })
})

describe('the rule starvation', () => {
  /** One task takes steps while another one is ready. */
  const overtaking = (steps: number, others: number) => {
    const events: Written[] = [spawned(1, 'slow')]
    for (let i = 0; i < others; i++) events.push(spawned(2 + i, 'fast'))
    for (let i = 0; i < steps; i++)
      events.push(resume(2 + (i % others), 1), yields(2 + (i % others), 'recv(1)'))
    return traceOf([...events, resume(1, 0), yields(1, 'pause()'), resume(1, null), yields(1, 'pause()')])
  }

  it('finds a task that is ready while another one takes many steps', () => {
    expect(messages(overtaking(100, 1))).toEqual(['starvation: slow#1 was ready while fast#2 took 100 steps'])
  })

  it('does not fire if many tasks take a step each', () => {
    expect(messages(overtaking(99, 1))).toEqual([])
    expect(messages(overtaking(150, 75))).toEqual([])
  })

  it('is told once for a task', () => {
    const trace = overtaking(3, 1)
    const twice = traceOf([
      ...trace.events.map(({ n: _, ...event }) => event as Written),
      ...overtaking(3, 1)
        .events.slice(2)
        .map(({ n: _, ...event }) => event as Written),
    ])

    expect(messages(twice, { overtaken: 3 })).toHaveLength(1)
  })
})

describe('the rule slow-cleanup', () => {
  function cancelling(cleanUp: number): () => Coroutine<void> {
    return function* main() {
      const task = yield* spawn(function* slow() {
        try {
          yield* sleep(100)
        } finally {
          yield* sleep(cleanUp)
        }
      })
      yield* sleep(1)
      yield* kill(task, { grace: 10 })
    }
  }

  it('finds a task whose clean-up was cut off', async () => {
    expect(await found(cancelling(20))).toEqual([
      'slow-cleanup: slow#2 was cancelled and did not end within its grace period of 10 ms: its clean-up was cut off',
    ])
  })

  it('does not fire if it ends in time', async () => {
    expect(await found(cancelling(5))).toEqual([])
  })

  it('finds a task that ended too late, or not at all', () => {
    const cancel: Written = { e: 'cancel', co: 1, by: { kind: 'external', source: 'outside' }, grace: 5 }
    const events = [spawned(1, 'a'), resume(1, 0), yields(1, 'callback()'), park(1), cancel]

    expect(messages(traceOf([...events, { ...exit(1), t: 7 }]))).toHaveLength(1)
    expect(messages(traceOf([...events, { e: 'log', text: '', co: null, t: 7 }]))).toHaveLength(1)
    expect(messages(traceOf([...events, { e: 'log', text: '', co: null, t: 5 }]))).toEqual([])
  })
})

describe('the rule unjoined-error', () => {
  function* failing(): Coroutine<void> {
    yield* sleep(1)
    throw new Error('x')
  }

  it('finds an error that cancelled every task', async () => {
    const findings = await found(function* main() {
      yield* spawn(failing)
      yield* sleep(10)
    })

    expect(findings).toEqual([
      'unjoined-error: failing#2 failed with Error: x while no task joined it, so every task was cancelled: join it, or run it in a group',
    ])
  })

  it('does not fire for an error that was joined, or that a group took, or for that of the root', async () => {
    const joined = await found(function* main() {
      const task = yield* spawn(failing)
      try {
        yield* join(task)
      } catch {}
    })
    const grouped = await found(function* main() {
      try {
        yield* group(function* (g) {
          yield* g.spawn(failing)
          yield* sleep(10)
        })
      } catch {}
    })

    expect(joined).toEqual([])
    expect(grouped).toEqual([])
    expect(await found(failing)).toEqual([])
  })
})
