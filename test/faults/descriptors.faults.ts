// A server that runs out of descriptors: a process with a limit of 64, and three waves of 200
// clients.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd } from './crowd.js'
import { driver } from './driver.js'
import { elapsed, still } from './patience.js'
import { answered } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const DESCRIPTORS = 64
const WAVES = 3
const CLIENTS = 200
const LATER = 50

/**
 * How long the full process is observed. It may use the processor for a garbage collection or two.
 */
const WATCHED_MS = 1500
const IDLE_MS = 100

/** Clients that wait in the kernel are served within a second or two after others have left. */
const PATIENCE_MS = 20_000

describe(`a server with ${DESCRIPTORS} descriptors`, () => {
  it.each([
    { limit: 'its own limit', maxConnections: undefined },
    { limit: 'no limit but the system’s', maxConnections: Number.POSITIVE_INFINITY },
  ])(
    'and $limit survives three waves, idles while it is full, and serves all later clients',
    async (given) => {
      const { limit, maxConnections } = given
      const server = await startServer(maxConnections === undefined ? {} : { maxConnections }, {
        descriptors: DESCRIPTORS,
      })
      let [lost, cpuMs, held, served, told] = [0, 0, 0, 0, 0]

      for (let wave = 0; wave < WAVES; wave++) {
        const crowd = await new Crowd(server.port, CLIENTS, { say: 'ping\n' }).connected()
        await still(300, async () => {
          const { open, answered } = await crowd.fates()
          return open + answered
        })
        const before = server.cpuMs
        await elapsed(WATCHED_MS)
        cpuMs = Math.max(cpuMs, server.cpuMs - before)
        held += (await crowd.fates()).answered
        const { answered: all, reset, ended } = await crowd.left(PATIENCE_MS)
        served += all
        told += reset + ended
        await crowd.kill()
        await server.quiet()
        lost += LATER - (await answered(server.port, LATER))
      }

      const { counts, reported } = await server.quiet().then(() => server.report())
      const counted = counts.dropped.queue + counts.dropped.connections
      const all = WAVES * CLIENTS
      record({
        what: `clients of a server with ${DESCRIPTORS} descriptors and ${limit}`,
        tried: all,
        failed: lost + all - served - counted,
        detail: `${WAVES} waves: ${held} served at once, ${served - held} when others had left, ${told} closed or reset, ${counted} of them counted; at most ${cpuMs} ms of processor in ${WATCHED_MS} ms while full; lost are those in no count, and ${lost} of ${WAVES * LATER} later clients, which were not answered`,
      })
      expect(lost).toBe(0)
      expect(cpuMs).toBeLessThanOrEqual(IDLE_MS)
      expect(held).toBeGreaterThanOrEqual(WAVES * 10)
      expect(served + told).toBe(all)
      if (maxConnections === undefined || !driver.loses.includes('EMFILE')) expect(counted).toBe(told)
      if (!driver.resets) expect(served).toBe(all)
      expect(reported.total).toBe(0)
      expect(server.program).toMatchObject({ exit: null, stderr: '' })
    },
  )
})
