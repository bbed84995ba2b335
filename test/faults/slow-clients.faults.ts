// Deliberately slow clients: some never read their replies, some send single bytes.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd } from './crowd.js'
import { elapsed, LATE_MS, reachedIn } from './patience.js'
import { Pings } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const MIB = 1024 * 1024

/**
 * How much longer a normal client may wait than one of a server without slow clients at the same
 * time, in milliseconds, except for one ping in a hundred. The other server shows the effect of a
 * busy machine.
 */
const MORE_MS = 100

describe('clients that never read', () => {
  it('have at most 1 MiB queued each, are disconnected at the timeout, and do not affect others', async () => {
    const clients = 200
    const stallTimeout = 3000
    const server = await startServer({ stallTimeout })
    const other = await startServer()
    const [pings, others] = [new Pings(server.port), new Pings(other.port)]
    await elapsed(500)
    const before = server.memory
    const [first, otherFirst] = [pings.latencies.length, others.latencies.length]

    const crowd = await new Crowd(server.port, clients, {
      say: `offer ${16 * MIB}\n`,
      reads: false,
    }).connected()
    const began = performance.now()
    let [memory, unsent, mostUnsent, waiting] = [0, 0, 0, 0]
    const gone = await reachedIn(stallTimeout * 5, async () => {
      const report = await server.report()
      memory = Math.max(memory, server.memory - before)
      unsent = Math.max(unsent, report.unsent)
      mostUnsent = Math.max(mostUnsent, report.mostUnsent)
      waiting = Math.max(waiting, report.counts.open - 1)
      return report.counts.missed.stall === clients && report.counts.open === 1
    })
    const ms = Math.round(performance.now() - began)
    const report = await server.report()
    await Promise.all([pings.stop(), others.stop()])
    const [p99, otherP99] = [pings.p99(first), others.p99(otherFirst)]
    await crowd.kill()

    record({
      what: 'clients that never read',
      tried: clients,
      failed: report.counts.open - 1 + pings.lost,
      detail: `16 MiB offered to each; queued at most ${kib(mostUnsent)} KiB for one and ${kib(unsent)} KiB for all; memory +${Math.max(0, Math.round(memory))} MiB, the 16 MiB themselves included; all gone ${ms} ms after the last had connected (deadline ${stallTimeout} ms); p99 of a normal client ${p99.toFixed(1)} ms (at a server without them ${otherP99.toFixed(1)} ms)`,
    })
    expect(gone).toBe(true)
    expect(waiting).toBe(clients)
    expect(mostUnsent).toBeLessThanOrEqual(MIB)
    expect(memory).toBeLessThan(16 + clients)
    expect(ms).toBeLessThan(stallTimeout * 1.25 + LATE_MS)
    expect(report).toMatchObject({
      reported: { total: 0 },
      counts: { failed: 0, missed: { stall: clients } },
    })
    expect(pings.lost).toBe(0)
    expect(p99).toBeLessThan(otherP99 * 3 + MORE_MS)
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })
})

describe('clients that send single bytes', () => {
  it.each([
    { kind: 'and close on request', stubborn: false, lingerMs: 0 },
    // The server ends its side and waits at most 5 seconds for the client to end its own.
    { kind: 'and ignore a request to close', stubborn: true, lingerMs: 5000 },
  ])(
    '$kind are disconnected at the timeout, and do not affect others',
    async ({ kind, stubborn, lingerMs }) => {
      const clients = 1000
      const messageTimeout = 3000
      const server = await startServer({ messageTimeout })
      const other = await startServer()
      const [pings, others] = [new Pings(server.port), new Pings(other.port)]
      await elapsed(500)
      const [first, otherFirst] = [pings.latencies.length, others.latencies.length]

      const crowd = await new Crowd(server.port, clients, { say: 'x', drips: true, stubborn }).connected()
      const began = performance.now()
      const all = await reachedIn(10_000, async () => (await server.report()).counts.open === clients + 1)
      const gone = await reachedIn(20_000, async () => (await server.report()).counts.open === 1)
      const freeMs = Math.round(performance.now() - began)
      const report = await server.report()
      await Promise.all([pings.stop(), others.stop()])
      const [p99, otherP99] = [pings.p99(first), others.p99(otherFirst)]
      const fates = await crowd.fates()
      await crowd.kill()

      const [shortest, longest] = [Math.round(fates.shortestMs), Math.round(fates.longestMs)]
      record({
        what: `clients that send single bytes ${kind}`,
        tried: clients,
        failed: report.counts.open - 1 + pings.lost,
        detail: `a byte every 50 to 500 ms; told to close after ${shortest} to ${longest} ms (deadline ${messageTimeout} ms), the last descriptor free ${freeMs} ms after the last had connected; p99 of a normal client ${p99.toFixed(1)} ms (at a server without them ${otherP99.toFixed(1)} ms)`,
      })
      expect([all, gone]).toEqual([true, true])
      expect(report).toMatchObject({
        reported: { total: 0 },
        counts: { failed: 0, missed: { message: clients } },
      })
      expect(fates).toMatchObject({ connected: clients, ended: clients })
      // Never early, and late by at most a quarter, plus the delay of a busy machine.
      expect(shortest).toBeGreaterThanOrEqual(messageTimeout)
      expect(longest).toBeLessThan(messageTimeout * 1.25 + LATE_MS)
      // The server closes, and waits for the other side to close too.
      expect(freeMs).toBeLessThan(messageTimeout * 1.25 + lingerMs + LATE_MS)
      expect(pings.lost).toBe(0)
      expect(p99).toBeLessThan(otherP99 * 3 + MORE_MS)
      expect(server.program).toMatchObject({ exit: null, stderr: '' })
    },
  )
})

function kib(bytes: number): number {
  return Math.round(bytes / 1024)
}
