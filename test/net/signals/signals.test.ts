// Signals as events, in the process of the tests: they are emitted by it, in virtual time.
import { ClosedError, type SignalName, type Signals, signals } from '@bluelet/net'
import { Simulation, simulate } from '@bluelet/net/testing'
import {
  all,
  type Coroutine,
  callback,
  type Event,
  kill,
  pause,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { afterEach, describe, expect, it, vi } from 'vitest'

const NAMES = ['SIGHUP', 'SIGUSR2', 'SIGWINCH'] as const

function emit(...names: readonly SignalName[]): void {
  for (const name of names) process.emit(name, name)
}

function listening(): number {
  return NAMES.reduce((sum, name) => sum + process.listenerCount(name), 0)
}

afterEach(() => {
  expect(listening()).toBe(0)
})

describe('signals', () => {
  it('resumes a task that waits, with the name', async () => {
    const name = await simulate(function* () {
      using hups = signals('SIGHUP', 'SIGUSR2')
      const waiting = yield* spawn(next, hups)
      yield* sleep(1)
      emit('SIGUSR2')
      return yield* waiting
    })

    expect(name).toBe('SIGUSR2')
  })

  it('gives those that came while no task waited, in order, each kind once', async () => {
    const names = await simulate(function* () {
      using all = signals(...NAMES)
      emit('SIGWINCH', 'SIGHUP', 'SIGWINCH', 'SIGHUP')
      const first = yield* all.next()
      emit('SIGWINCH')
      return [first, yield* all.next(), yield* all.next()]
    })

    expect(names).toEqual(['SIGWINCH', 'SIGHUP', 'SIGWINCH'])
  })

  it('gives one signal to one task, the one that has waited for longest', async () => {
    const log: string[] = []

    await simulate(function* () {
      using hups = signals('SIGHUP')
      for (const n of [1, 2]) {
        yield* spawn(function* () {
          yield* hups.next()
          log.push(`task ${n}`)
        })
      }
      yield* sleep(1)
      emit('SIGHUP')
      yield* sleep(1)
      log.push('again')
      emit('SIGHUP')
      yield* sleep(1)
    })

    expect(log).toEqual(['task 1', 'again', 'task 2'])
  })

  it('reach everything that listens to them', async () => {
    const names = await simulate(function* () {
      using one = signals('SIGHUP')
      using other = signals('SIGHUP', 'SIGUSR2')
      emit('SIGHUP')
      return yield* all([one.next(), other.next()])
    })

    expect(names).toEqual(['SIGHUP', 'SIGHUP'])
  })

  it('listens once to a name that is given twice', async () => {
    const name = await simulate(function* () {
      using hups = signals('SIGHUP', 'SIGHUP')
      emit('SIGHUP')
      yield* hups.next()
      return yield* race([hups.next(), sleep(1)])
    })

    expect(name).toBe(undefined)
  })

  it('loses no signal of a task that is killed while it waits, or that a timeout withdraws', async () => {
    const name = await simulate(function* () {
      using hups = signals('SIGHUP')
      const waiting = yield* spawn(next, hups)
      yield* pause()
      yield* kill(waiting)
      try {
        yield* timeout(5, hups.next())
      } catch {}
      emit('SIGHUP')
      return yield* hups.next()
    })

    expect(name).toBe('SIGHUP')
  })

  it('takes back a signal that its combination cannot give to a task, in front of later ones', async () => {
    const names = await simulate(function* () {
      using both = signals('SIGHUP', 'SIGUSR2')
      const failing = yield* spawn(function* () {
        try {
          yield* all([both.next(), failsLater()])
        } catch {}
      })
      yield* sleep(1)
      emit('SIGHUP', 'SIGUSR2')
      yield* failing
      return [yield* both.next(), yield* both.next()]
    })

    expect(names).toEqual(['SIGHUP', 'SIGUSR2'])
  })

  it('gives a signal that was taken back to the task that waits', async () => {
    const name = await simulate(function* () {
      using hups = signals('SIGHUP')
      yield* spawn(function* () {
        try {
          yield* all([hups.next(), failsLater()])
        } catch {}
      })
      yield* sleep(1)
      const waiting = yield* spawn(next, hups)
      yield* sleep(1)
      emit('SIGHUP')
      return yield* waiting
    })

    expect(name).toBe('SIGHUP')
  })

  it('drops what a closed one has taken back', async () => {
    await simulate(function* () {
      const hups = signals('SIGHUP')
      const failing = yield* spawn(function* () {
        try {
          yield* all([hups.next(), failsLater()])
        } catch {}
      })
      yield* sleep(1)
      emit('SIGHUP')
      hups.close()
      yield* failing
      yield* expectClosed(hups.next(), 'next(): the signals are closed')
    })
  })

  it('loses none to a branch that is leaving, although it has waited for longer', async () => {
    const names = await simulate(function* () {
      using both = signals('SIGHUP', 'SIGUSR2')
      const emitsWhenWithdrawn = callback(() => () => emit('SIGHUP', 'SIGUSR2'))
      const racing = yield* spawn(function* () {
        yield* race([sleep(1), emitsWhenWithdrawn, both.next()])
      })
      yield* pause()
      const waiting = yield* spawn(next, both)
      yield* racing
      return [yield* waiting, yield* both.next()]
    })

    expect(names).toEqual(['SIGHUP', 'SIGUSR2'])
  })
})

describe('close', () => {
  it('wakes tasks that wait, and those that wait later, with a ClosedError', async () => {
    await simulate(function* () {
      const hups = signals('SIGHUP')
      const waiting = yield* spawn(expectClosed, hups.next(), 'next(): the signals have been closed')
      yield* pause()

      hups.close()
      hups.close()

      yield* waiting
      yield* expectClosed(hups.next(), 'next(): the signals are closed')
      expect(hups.closed).toBe(true)
    })
  })

  it('stops listening only where nothing else listens', () => {
    const [one, other] = [signals('SIGHUP'), signals('SIGHUP')]
    const counts = [listening()]

    one.close()
    one.close()
    counts.push(listening())
    other.close()
    counts.push(listening())

    expect(counts).toEqual([1, 1, 0])
  })
})

describe('a wait for a signal', () => {
  it('holds the run open: it is no deadlock', async () => {
    const hups = signals('SIGHUP')

    const running = run(next(hups))
    setImmediate(() => setImmediate(() => emit('SIGHUP')))

    expect(await running).toBe('SIGHUP')
    hups.close()
  })

  it('is shown with its names', async () => {
    const scheduler = new Scheduler({ host: new Simulation() })

    const waits = await scheduler.run(function* () {
      using both = signals('SIGHUP', 'SIGUSR2')
      const waiting = yield* spawn(next, both)
      yield* pause()
      const { waitsFor } = scheduler.snapshot().find(({ id }) => id === waiting.id)!
      yield* kill(waiting)
      return waitsFor
    })

    expect(waits).toBe('next() of SIGHUP, SIGUSR2')
  })
})

describe('signals() of', () => {
  it.each([
    ['no name', [], "signals(): expected the names of signals, such as 'SIGHUP'"],
    ['an unknown name', ['SIGFOO'], `got "SIGFOO": there is no such signal`],
    ['a small name', ['SIGHUP', 'sigterm'], `got "sigterm": there is no such signal`],
    ['a number', [15], 'got 15: there is no such signal'],
    ['a name of objects', ['toString'], 'got "toString": there is no such signal'],
    ['SIGKILL', ['SIGKILL'], 'got "SIGKILL": the system lets no program handle it'],
    ['SIGSTOP', ['SIGSTOP'], 'the system lets no program handle it'],
    ['SIGSEGV', ['SIGSEGV'], 'it reports a fault of the process, after which no code can run'],
  ])('%s is a TypeError, and listens to nothing', (_title, names, message) => {
    expect(() => signals(...(names as SignalName[]))).toThrow(TypeError)
    expect(() => signals(...(names as SignalName[]))).toThrow(message)
  })
})

describe('signals() of a thread', () => {
  it('is an error, and leaves nothing behind', () => {
    const real = process.getBuiltinModule
    const module = vi
      .spyOn(process, 'getBuiltinModule')
      .mockImplementation(((name: string) =>
        name === 'node:worker_threads' ? { isMainThread: false } : real(name)) as never)

    try {
      expect(() => signals('SIGHUP')).toThrow('only the main thread of a process receives signals')
    } finally {
      module.mockRestore()
    }
  })
})

function* failsLater(): Coroutine<never> {
  yield* sleep(5)
  throw new Error('later')
}

function* next<S extends SignalName>(from: Signals<S>): Coroutine<S> {
  return yield* from.next()
}

function* expectClosed(event: Event<unknown>, message: string): Coroutine<void> {
  let error: unknown
  try {
    yield* event
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(ClosedError)
  expect((error as Error).message).toBe(message)
}
