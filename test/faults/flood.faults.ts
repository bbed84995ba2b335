// Twenty thousand clients that all come at once to a server that has a thousand places.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd, type Fates } from './crowd.js'
import { elapsed, reachedIn } from './patience.js'
import { answered, Pings } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const CLIENTS = 20_000
const CROWDS = 4
const MOST = 1000
const PROBES = 100

/** How many more sockets it has in the middle of closing some. */
const SLACK = 600

describe(`a flood of ${CLIENTS} connections`, () => {
  it.each(['wait', 'close', 'reset'] as const)(
    '(%s) never opens more than its limit, and all are accounted for',
    async (overload) => {
      const server = await startServer({ maxConnections: MOST, overload })
      const [sockets, memory] = [server.sockets().length, server.memory]
      // It has a place before the others come.
      const pings = new Pings(server.port)
      await reachedIn(5000, () => pings.latencies.length > 0)
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
        () => new Crowd(server.port, CLIENTS / CROWDS, { say: 'ping\n' }),
      )
      for (const crowd of crowds) await crowd.connected()
      over = true
      await watching
      const { counts } = await server.report()
      const waiting = server.sockets().length - sockets - counts.open
      const during = server.memory - memory
      const fates: Fates[] = []
      for (const crowd of crowds) fates.push(await crowd.close())
      for (const crowd of crowds) await crowd.kill()
      await pings.stop()
      await server.quiet()
      const report = await server.report()
      const probed = await answered(server.port, PROBES)
      await server.quiet()
      const left = server.sockets().length - sockets

      const { served, dropped } = report.counts
      const told = dropped.connections + dropped.queue
      const unaccounted = CLIENTS + 1 - served - told
      const sum = (what: 'answered' | 'ended' | 'reset' | 'failed') =>
        fates.reduce((all, fate) => all + fate[what], 0)
      record({
        what: `connections of a flood, overload '${overload}'`,
        tried: CLIENTS,
        failed: unaccounted,
        detail: `limit ${MOST}, at most ${Math.max(mostOpen, report.mostOpen)} open and ${mostSockets} sockets; clients: ${sum('answered')} answered, ${sum('ended') + sum('reset')} closed or reset, ${sum('failed')} failed, ${waiting} waited; ${told} counted as dropped; memory +${Math.max(0, Math.round(during))} MiB; ${probed} of ${PROBES} later clients answered; lost are those in no count`,
      })
      expect(Math.max(mostOpen, report.mostOpen)).toBeLessThanOrEqual(MOST)
      expect(mostOpen).toBe(MOST)
      expect(mostSockets).toBeLessThanOrEqual(MOST + (overload === 'wait' ? 2500 : 0) + SLACK)
      expect(unaccounted).toBe(0)
      expect(sum('answered')).toBeGreaterThanOrEqual(MOST - 1)
      expect(pings.lost).toBe(0)
      expect(probed).toBe(PROBES)
      expect(left).toBe(0)
      expect(during).toBeLessThan(100)
      expect(report).toMatchObject({ reported: { total: 0 }, counts: { failed: 0 } })
      expect(server.program).toMatchObject({ exit: null, stderr: '' })
    },
  )
})
