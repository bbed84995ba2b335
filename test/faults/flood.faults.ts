// Twenty thousand clients that connect at once to a server with a limit of one thousand.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd, type Fates } from './crowd.js'
import { driver } from './driver.js'
import { elapsed, reachedIn } from './patience.js'
import { answered, Pings } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const CLIENTS = 20_000
const CROWDS = 4
const MOST = 1000
const PROBES = 100

/** The default backlog of the server. */
const BACKLOG = 511

/** How long a client that the kernel keeps waiting delays the next. */
const HELD_UP_MS = 100

/** The kernel may take some seconds to connect the last clients that met a full backlog. */
const PATIENCE_MS = 60_000
/**
 * The largest number of dropped connections that linger: so that clients read the end, and no
 * reset.
 */
const MAX_LINGERING = 32

describe(`a flood of ${CLIENTS} connections`, () => {
  it.each(['wait', 'close', 'reset'] as const)(
    '(%s) never exceeds the limit, and all clients are accounted for',
    async (overload) => {
      const waits = overload === 'wait'
      const kept = waits && !driver.resets
      const server = await startServer({ maxConnections: MOST, overload })
      const [sockets, memory] = [server.sockets().length, server.memory]
      // It is admitted before the others connect.
      const pings = new Pings(server.port)
      await reachedIn(15_000, () => pings.latencies.length > 0)
      let [mostSockets, mostOpen, over] = [0, 0, false]
      const watching = (async () => {
        while (!over) {
          mostSockets = Math.max(mostSockets, server.sockets().length - sockets)
          mostOpen = Math.max(mostOpen, (await server.report()).counts.open)
          await elapsed(100)
        }
      })()

      const crowds = Array.from(
        { length: CROWDS },
        () =>
          new Crowd(server.port, CLIENTS / CROWDS, { say: 'ping\n', heldUpMs: kept ? HELD_UP_MS : Infinity }),
      )
      for (const crowd of crowds) await crowd.connected()
      const all = () => Promise.all(crowds.map((crowd) => crowd.fates()))
      await reachedIn(15_000, async () => total(await all(), 'answered') === MOST - 1)
      const waiting = server.sockets().length - sockets - MOST
      const during = server.memory - memory
      const first = total(await all(), 'answered')
      // No client is accepted from now on, so that clients without a connection get none.
      for (const crowd of crowds) await crowd.giveUp()
      const fates = await Promise.all(crowds.map((crowd) => crowd.left(PATIENCE_MS)))
      over = true
      await watching
      for (const crowd of crowds) await crowd.kill()
      await pings.stop()
      await server.quiet()
      const report = await server.report()
      const probed = await answered(server.port, PROBES)
      await server.quiet()
      const left = server.sockets().length - sockets

      const { served, dropped } = report.counts
      const counted = dropped.connections + dropped.queue
      const outside = total(fates, 'gaveUp')
      const unaccounted = CLIENTS + 1 - served - counted - outside
      const later = total(fates, 'answered') - first
      const told = total(fates, 'ended') + total(fates, 'reset')
      record({
        what: `connections of a flood, overload '${overload}'`,
        tried: CLIENTS,
        failed: unaccounted,
        detail: `limit ${MOST}, at most ${Math.max(mostOpen, report.mostOpen)} open and ${mostSockets} sockets; clients: ${first} answered at once, ${later} when others had left, ${told} closed or reset, ${outside} not connected until they gave up, ${total(fates, 'failed')} failed; ${waiting} waited in the process; ${counted} counted as dropped; memory +${Math.max(0, Math.round(during))} MiB; ${probed} of ${PROBES} later clients answered; lost are those in no count`,
      })
      expect(Math.max(mostOpen, report.mostOpen)).toBeLessThanOrEqual(MOST)
      expect(mostOpen).toBe(MOST)
      const lingering = overload === 'close' ? MAX_LINGERING : 0
      expect(mostSockets).toBeLessThanOrEqual(
        MOST + (waits ? driver.waiting(BACKLOG) : 0) + driver.turning + lingering,
      )
      expect(unaccounted).toBe(0)
      expect(first).toBe(MOST - 1)
      expect([first + later + told + outside, counted]).toEqual([CLIENTS, told])
      if (kept) {
        expect(told).toBe(0)
        expect(later).toBeGreaterThanOrEqual(BACKLOG)
      } else expect(outside).toBe(0)
      expect(pings.lost).toBe(0)
      expect(probed).toBe(PROBES)
      expect(left).toBe(0)
      expect(during).toBeLessThan(100)
      expect(report).toMatchObject({ reported: { total: 0 }, counts: { failed: 0 } })
      expect(server.program).toMatchObject({ exit: null, stderr: '' })
    },
  )
})

function total(fates: readonly Fates[], what: 'answered' | 'ended' | 'failed' | 'gaveUp' | 'reset'): number {
  return fates.reduce((sum, fate) => sum + fate[what], 0)
}
