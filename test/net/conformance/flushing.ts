// `flush` and `unsent`: when nothing that was sent waits in this process.
import { ClosedError, type Connection } from '@bluelet/net'
import { type Coroutine, join, kill, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { errorOf, perform } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** Describes `flush` and `unsent`. */
export function flushing(harness: ConformanceHarness): void {
  const { plenty } = harness

  /** Starts to send more than is buffered. */
  function* sending(conn: Connection): Coroutine<Task<string>> {
    const task = yield* spawn(outcome, conn.sendall(plenty))
    yield* harness.quiet()
    return task
  }

  describe('flush', () => {
    it('resumes at once if nothing waits, also after our end', async () => {
      const outcomes = await harness.between(function* (one) {
        const outcomes = [yield* outcome(one.flush()), one.unsent]
        yield* one.sendall('hello')
        outcomes.push(yield* outcome(one.flush()), one.unsent)
        one.shutdown()
        outcomes.push(yield* outcome(one.flush()))
        return outcomes
      })

      expect(outcomes).toEqual(['done', 0, 'done', 0, 'done'])
    })

    it('waits for the send of another task, as does a second flush', async () => {
      const seen = await harness.between(function* (one, other) {
        const sent = yield* sending(one)
        const flushes = [yield* spawn(outcome, one.flush()), yield* spawn(outcome, one.flush())]
        yield* harness.quiet()
        const waits = [sent, ...flushes].map((task) => task.outcome === undefined)
        const before = one.unsent
        yield* other.readexactly(plenty.length, { limit: plenty.length })
        const outcomes = [yield* join(sent), yield* join(flushes[0]!), yield* join(flushes[1]!)]
        return { waits, outcomes, before, after: one.unsent }
      })

      expect(seen.waits).toEqual([true, true, true])
      expect(seen.outcomes).toEqual(['done', 'done', 'done'])
      expect(seen.before).toBeGreaterThan(0)
      expect(seen.before).toBeLessThan(plenty.length)
      expect(seen.after).toBe(0)
    })

    it('lets other tasks send', async () => {
      const seen = await harness.between(function* (one, other) {
        const sent = yield* sending(one)
        const flush = yield* spawn(function* () {
          yield* one.flush()
          yield* one.sendall('after')
        })
        const rest = yield* other.readexactly(plenty.length, { limit: plenty.length })
        yield* join(sent)
        yield* join(flush)
        return [rest.length, String(yield* other.readexactly(5))]
      })

      expect(seen).toEqual([plenty.length, 'after'])
    })

    it('loses nothing when it is killed', async () => {
      const seen = await harness.between(function* (one, other) {
        const sent = yield* sending(one)
        const flush = yield* spawn(perform, one.flush())
        yield* harness.quiet()
        yield* kill(flush)
        const { length } = yield* other.readexactly(plenty.length, { limit: plenty.length })
        return [length, yield* join(sent)]
      })

      expect(seen).toEqual([plenty.length, 'done'])
    })

    it('throws when the send in front of it fails, whose error is the cause', async () => {
      const { sent, flushed } = await harness.between(function* (one, other) {
        const sending = yield* spawn(errorOf, one.sendall(plenty))
        yield* harness.quiet()
        const flush = yield* spawn(errorOf, one.flush())
        yield* harness.quiet()
        other.abort()
        return { sent: yield* join(sending), flushed: yield* join(flush) }
      })

      expect(sent.name).toBe('ConnectionResetError')
      expect(flushed).toBeInstanceOf(ClosedError)
      expect(flushed.message).toContain('flush()')
      expect(flushed.cause).toBe(sent)
    })

    it('throws when the send in front of it is killed, which aborts the connection', async () => {
      const outcomes = await harness.between(function* (one) {
        const sent = yield* sending(one)
        const flush = yield* spawn(outcome, one.flush())
        yield* harness.quiet()
        yield* kill(sent)
        return [yield* join(flush), one.closed]
      })

      expect(outcomes).toEqual([ClosedError.name, true])
    })

    it('is named in a snapshot', async () => {
      const waits = await harness.between(function* (one) {
        yield* sending(one)
        const task = yield* spawn(outcome, one.flush())
        yield* harness.quiet()
        const waits = internals(task)
          .snapshot()
          .find(({ id }) => id === task.id)?.waitsFor
        one.abort()
        return waits
      })

      expect(waits).toBe('flush()')
    })

    it('throws a ClosedError when the connection is closed, now or before', async () => {
      const outcomes = await harness.between(function* (one) {
        const sent = yield* sending(one)
        const flush = yield* spawn(outcome, one.flush())
        yield* harness.quiet()
        one.close()
        const outcomes = [yield* join(sent), yield* join(flush), yield* outcome(one.flush())]
        yield* one.whenClosed()
        return [...outcomes, one.unsent]
      })

      expect(outcomes).toEqual([ClosedError.name, ClosedError.name, ClosedError.name, 0])
    })
  })
}
