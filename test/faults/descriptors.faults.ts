// A server that runs out of descriptors: a process that may have 64 of them, and three waves of 200 clients.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd } from './crowd.js'
import { elapsed, reachedIn } from './patience.js'
import { answered } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const DESCRIPTORS = 64
const WAVES = 3
const CLIENTS = 200
const LATER = 50

/** How long the process is watched while it is full, and how much of the processor it may use: a garbage collection or two. */
const WATCHED_MS = 1500
const IDLE_MS = 100

describe(`a server with ${DESCRIPTORS} descriptors`, () => {
  it.each([
    { limit: 'its own limit', maxConnections: undefined },
    { limit: 'no limit but the system’s', maxConnections: Number.POSITIVE_INFINITY },
  ])('and $limit survives three waves, idles while it is full, and serves all later', async (given) => {
    const { limit, maxConnections } = given
    const server = await startServer(maxConnections === undefined ? {} : { maxConnections }, {
      descriptors: DESCRIPTORS,
    })
    let [lost, waited, cpuMs, served, reset, ended] = [0, 0, 0, 0, 0, 0]

    for (let wave = 0; wave < WAVES; wave++) {
      const crowd = await new Crowd(server.port, CLIENTS, { say: 'ping\n' }).connected()
      // Those that are neither served nor let wait have been told so.
      await reachedIn(3000, async () => (await crowd.fates()).open <= DESCRIPTORS)
      await elapsed(200)
      const before = server.cpuMs
      await elapsed(WATCHED_MS)
      cpuMs = Math.max(cpuMs, server.cpuMs - before)
      const fates = await crowd.close()
      served += fates.answered
      reset += fates.reset
      ended += fates.ended
      waited += fates.open - fates.answered
      await crowd.kill()
      await server.quiet()
      lost += LATER - (await answered(server.port, LATER))
    }

    const { counts, reported } = await server.quiet().then(() => server.report())
    const told = counts.dropped.queue + counts.dropped.connections
    const all = WAVES * CLIENTS
    record({
      what: `clients of a server with ${DESCRIPTORS} descriptors and ${limit}`,
      tried: all,
      failed: lost + reset + ended - told,
      detail: `${WAVES} waves: ${served} served, ${waited} waited, ${reset} reset, ${ended} closed; ${told} counted as dropped; at most ${cpuMs} ms of processor in ${WATCHED_MS} ms while full; lost are those in no count, and ${lost} of ${WAVES * LATER} later clients, which were not answered`,
    })
    expect(lost).toBe(0)
    expect(cpuMs).toBeLessThanOrEqual(IDLE_MS)
    expect(served).toBeGreaterThanOrEqual(WAVES * 10)
    expect(served + waited + reset + ended).toBe(all)
    // Those that the system drops for want of descriptors nobody can count.
    if (maxConnections === undefined) expect(told).toBe(all - served - waited)
    expect(reported.total).toBe(0)
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })
})
