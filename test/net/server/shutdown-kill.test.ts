// Shutdown by a kill: the grace periods of the server and of the kill.
import { connect, type ServerOptions } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { join, kill, pause, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { fateOf, serve } from '../serving.js'
import { echoer, exchange } from '../simulated-pair.js'
import { HOUR_MS, LOOPBACK } from '../world.js'
import { ending, IDLE_MS, LATE_MS } from './shutdowns.js'

describe('a server that is killed', () => {
  it('while it waits for the last clients of its backlog ends at once, and stops listening', async () => {
    const outcomes = await simulate(function* (world) {
      const seen: unknown[] = []
      // The wait has a time, and then turns of the host: the kill comes at each of the first ones.
      for (let turns = 0; turns < 4; turns++) {
        const shutdown = new AbortController()
        const { task, listener } = yield* serve(echoer, { signal: shutdown.signal })
        shutdown.abort()
        const begin = world.now()
        yield* sleep(10)
        for (let i = 0; i < turns; i++) yield* pause()
        const { state } = task
        yield* kill(task)
        seen.push([state, task.outcome?.kind, listener.closed, world.now() - begin])
      }
      return seen
    })

    expect(outcomes).toEqual(Array.from({ length: 4 }, () => ['parked', 'killed', true, 10]))
  })

  /**
   * Begins to kill a server whose handler sleeps; gives when the handler was cancelled, and when
   * the kill ended.
   */
  function killing(
    grace: number | undefined,
    cleanUpMs: number,
    options: ServerOptions = {},
  ): Promise<{ cancelled: number; ms: number; log: string[] }> {
    return simulate(function* (world) {
      const log: string[] = []
      let cancelled = 0
      const { task, port } = yield* serve(function* () {
        try {
          yield* sleep(HOUR_MS)
        } finally {
          cancelled = world.now() - begin
          yield* sleep(cleanUpMs)
          log.push('cleaned up')
        }
      }, options)
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10)
      const begin = world.now()
      yield* kill(task, grace === undefined ? {} : { grace })
      const ms = world.now() - begin
      log.push('killed')
      conn.abort()
      return { cancelled, ms, log }
    })
  }

  it.each([
    [1000, 500],
    [undefined, 2500],
    [60_000, 10_000],
  ])('with a grace of %s ms lets its handlers go on for %s ms', async (grace, expected) => {
    const { cancelled, ms, log } = await killing(grace, 100)

    expect(cancelled).toBe(expected)
    expect(ms).toBe(expected + 100)
    expect(log).toEqual(['cleaned up', 'killed'])
  })

  it('lets its handlers go on for at most its own grace period', async () => {
    const { cancelled } = await killing(60_000, 100, { grace: 50 })

    expect(cancelled).toBe(50)
  })

  it('lets handlers finish in that time', async () => {
    const { fate, ms } = await simulate(function* (world) {
      const { task, port } = yield* serve(function* (conn) {
        yield* sleep(400)
        yield* conn.sendall('done')
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(10) // It has been accepted.
      const begin = world.now()
      const fate = yield* spawn(fateOf(conn))
      yield* kill(task, { grace: 1000 })
      return { ms: world.now() - begin, fate: yield* join(fate) }
    })

    expect(fate).toBe('done|end')
    expect(ms).toBeLessThan(420)
  })

  it('ends within the grace of the kill, even if a clean-up hangs', async () => {
    const { cancelled, ms, log } = await killing(1000, HOUR_MS)

    expect(cancelled).toBe(500)
    expect(ms).toBeLessThanOrEqual(1000)
    expect(log).toEqual(['killed'])
  })

  it('limits a graceful shutdown that is under way to the grace of the kill', async () => {
    const { cancelled, ms } = await simulate(function* (world) {
      let cancelled = 0
      const { controller, task, port } = yield* ending(function* () {
        try {
          yield* sleep(HOUR_MS)
        } finally {
          cancelled = world.now()
        }
      })
      const conn = yield* connect(LOOPBACK, port)
      controller.abort()
      yield* sleep(1000)
      const begin = world.now()
      yield* kill(task, { grace: 100 })
      const ms = world.now() - begin
      conn.abort()
      return { cancelled: cancelled - begin, ms }
    })

    expect(cancelled).toBe(50)
    expect(ms).toBe(50)
  })

  it.each([
    ['while handlers may still finish', 0, 0, 5],
    ['with a shorter time for handlers than the server had anyway', 495, 0, 500],
    ['in the clean-up of a handler', 600, HOUR_MS, 610],
    ['in the clean-up of a handler, with no effect on one that is done', 600, 150, 610],
  ])(
    'a second time, %s, ends by the shorter grace, and both killers resume',
    async (_when, second, cleanUpMs, expected) => {
      const { log, ms } = await simulate(function* (world) {
        const log: string[] = []
        const { task, port } = yield* serve(function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            log.push('cleaned up')
            yield* sleep(cleanUpMs)
          }
        })
        const conn = yield* connect(LOOPBACK, port)
        yield* sleep(10)
        const begin = world.now()
        const killers: Task[] = []
        for (const grace of [1000, 10]) {
          killers.push(
            yield* spawn(function* killer() {
              yield* kill(task, { grace })
              log.push('killed')
            }),
          )
          yield* grace === 10 ? pause() : sleep(second)
        }
        for (const killer of killers) yield* join(killer)
        const ms = world.now() - begin
        conn.abort()
        return { log, ms }
      })

      expect(log).toEqual(['cleaned up', 'killed', 'killed'])
      expect(ms).toBe(expected)
    },
  )

  it('shortens the clean-up of sessions that have failed before', async () => {
    const ms = await simulate(function* (world) {
      const { task, port } = yield* serve(function* (conn) {
        yield* spawn(function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            yield* sleep(4000)
          }
        })
        yield* conn.recv()
        throw new Error('of the handler')
      })
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('x')
      yield* sleep(1000)
      const begin = world.now()
      yield* kill(task, { grace: 100 })
      conn.abort()
      return world.now() - begin
    })

    expect(ms).toBe(100)
  })

  it('waits at most a quarter of a second for handlers that wait for a next message', async () => {
    const ms = await simulate(function* (world) {
      const { task, port } = yield* serve(echoer)
      const conn = yield* connect(LOOPBACK, port)
      yield* exchange(conn, 'hello')
      const begin = world.now()
      yield* spawn(fateOf(conn))
      yield* kill(task, { grace: 60_000 })
      return world.now() - begin
    })

    expect(ms).toBeGreaterThanOrEqual(IDLE_MS)
    expect(ms).toBeLessThanOrEqual(IDLE_MS + LATE_MS)
  })

  it('ends at once, like every task, when its run is cancelled', async () => {
    const controller = new AbortController()
    const ended: number[] = []

    const running = simulate(
      function* (world) {
        const { port } = yield* serve(function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            ended.push(world.now())
          }
        })
        const conn = yield* connect(LOOPBACK, port)
        yield* sleep(10)
        ended.push(world.now())
        controller.abort(new Error('stop'))
        try {
          yield* sleep(HOUR_MS)
        } finally {
          conn.abort()
        }
      },
      { signal: controller.signal },
    )

    await expect(running).rejects.toThrow('stop')
    expect(ended[1]).toBe(ended[0])
  })
})
