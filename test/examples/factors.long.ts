// examples/factors.ts as a process, and the pool of its threads in this one.
import { once } from 'node:events'
import { connect } from '@bluelet/net'
import {
  all,
  type Coroutine,
  kill,
  pause,
  run,
  sleep,
  spawn,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import { afterAll, describe, expect, it } from 'vitest'
import { pool, smallestFactor } from '../../examples/factors/pool.js'
import { leavesNothingRunning, start } from '../support/program.js'

/** The example and its modules, each of which runs in it. */
const parts = ['examples/factors.ts', 'examples/factors/pool.ts']

/** A prime number for which a thread would compute for years. */
const ENDLESS = 2n ** 89n - 1n

/**
 * Only a test that fails waits for as long: a crowded machine is slow to start programs and
 * threads.
 */
const PATIENCE_MS = 30_000

const THREADS = pool.options.maxThreads

leavesNothingRunning()

afterAll(() => pool.destroy())

describe(parts.join(', '), { timeout: 3 * PATIENCE_MS }, () => {
  it('stops computing for a client that has gone, and ends with its pool', async () => {
    const env = { PORT: '0', LIMIT: '600000', THREADS: '1' }
    const program = start('node', ['--import', 'tsx', 'examples/factors.ts'], env)
    const [, port] = await program.printed(/factors at 127\.0\.0\.1:(\d+)/, PATIENCE_MS)

    const answers = await run(function* () {
      const gone = yield* connect('127.0.0.1', Number(port))
      yield* gone.sendall(`2\n${ENDLESS}\n`)
      yield* gone.readline()
      const beside = yield* ask(Number(port), ['x', '1']) // Needs no thread.
      gone.abort()
      return [...beside, ...(yield* ask(Number(port), ['91']))]
    })
    const exit = await program.kill('SIGTERM').ended(PATIENCE_MS)

    expect(answers).toEqual(['not a number of 2 or more', 'not a number of 2 or more', '7'])
    expect({ ...exit, stderr: program.stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  })
})

describe('the pool of examples/factors.ts', { timeout: 3 * PATIENCE_MS }, () => {
  it('keeps the threads whose calls have finished', async () => {
    const before = pool.threads

    const values = await run(function* () {
      return yield* all(Array.from({ length: 50 }, () => smallestFactor(91n)))
    })

    expect(values).toEqual(Array.from({ length: 50 }, () => 7n))
    expect(pool.threads).toEqual(before)
  })

  it('ends the threads of tasks that are killed, and computes on', async () => {
    const before = pool.threads
    const exits = before.map((thread) => once(thread, 'exit'))

    const value = await run(function* () {
      const tasks = yield* busy()
      for (const task of tasks) yield* kill(task)
      return yield* smallestFactor(35n)
    })

    await Promise.all(exits)
    expect(value).toBe(5n)
    expect(pool.threads.filter((thread) => before.includes(thread))).toEqual([])
  })

  it('makes callers wait for a place, and lets a kill take them out of the queue', async () => {
    const before = pool.threads

    await run(function* () {
      const tasks = yield* busy()
      const waiting = yield* spawn(smallestFactor, ENDLESS)
      const next = yield* spawn(smallestFactor, 33n)
      for (let i = 0; i < 10; i++) yield* pause()
      expect([waiting.state, next.state, pool.queueSize]).toEqual(['parked', 'parked', 0])

      yield* kill(waiting)
      expect(pool.threads).toEqual(before)
      yield* kill(tasks[0]!)
      expect(yield* next).toBe(3n)
      for (const task of tasks) yield* kill(task)
    })
  })

  it('throws what a worker throws, with its stack, and goes on', async () => {
    const outcome = run(smallestFactor(9 as unknown as bigint))

    await expect(outcome).rejects.toThrow(/Cannot mix BigInt/)
    await expect(outcome).rejects.toMatchObject({ stack: expect.stringContaining('worker.js') })
    expect(await run(smallestFactor(33n))).toBe(3n)
  })

  it('throws at the call that a thread has ended, and goes on', async () => {
    const outcome = run(function* () {
      const [task] = yield* busy()
      for (const thread of pool.threads) void thread.terminate()
      yield* task!
    })

    await expect(outcome).rejects.toThrow('worker exited with code: 1')
    expect(await run(smallestFactor(33n))).toBe(3n)
    expect(pool.listenerCount('error')).toBe(1)
  })

  it('is free again after timeouts', async () => {
    for (let i = 0; i <= THREADS; i++) {
      const outcome = run(function* () {
        yield* timeout(1, smallestFactor(ENDLESS))
      })
      await expect(outcome).rejects.toThrow(TimeoutError)
    }

    expect(await run(smallestFactor(33n))).toBe(3n)
  })
})

/** Tasks that make all threads compute. */
function* busy() {
  while (pool.idleThreads < THREADS) yield* sleep(1) // Some may still be starting.
  const tasks = []
  for (let i = 0; i < THREADS; i++) tasks.push(yield* spawn(smallestFactor, ENDLESS))
  while (pool.idleThreads > 0) yield* pause()
  return tasks
}

function* ask(port: number, questions: readonly string[]): Coroutine<string[]> {
  const conn = yield* connect('127.0.0.1', port)
  const answers: string[] = []
  for (const question of questions) {
    yield* conn.sendall(`${question}\n`)
    answers.push((yield* conn.readline('\n', { encoding: 'utf8' })) ?? '')
  }
  conn.close()
  return answers
}
