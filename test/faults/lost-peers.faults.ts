// Clients that are killed, and clients that are stopped and fall silent.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { Crowd, type CrowdOptions } from './crowd.js'
import { elapsed, LATE_MS, reachedIn } from './patience.js'
import { answered, Pings } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const CLIENTS = 100
const BYTES = 16 * 1024 * 1024

/** When the clients are killed. */
const MOMENTS: readonly { readonly when: string; readonly options: Partial<CrowdOptions> }[] = [
  { when: 'during a request', options: { say: 'half a li' } },
  { when: 'during a wait for a reply', options: { say: 'stick\n' } },
  { when: 'during a download', options: { say: `offer ${BYTES}\n`.repeat(100) } },
  { when: 'during a download that they do not read', options: { say: `offer ${BYTES}\n`, reads: false } },
]

describe('clients that are killed', () => {
  it.each(MOMENTS)('$when end their handlers once, and nothing is reported', async (given) => {
    const { when, options } = given
    const server = await startServer()
    const sockets = server.sockets().length
    const pings = new Pings(server.port)
    const crowd = await new Crowd(server.port, CLIENTS, options).connected()
    const all = await reachedIn(15_000, async () => (await server.report()).begun === CLIENTS + 1)
    await elapsed(300)
    const open = (await server.report()).counts.open

    await crowd.kill()
    // A handler that neither reads nor writes cannot notice that its client is gone.
    if (when === 'during a wait for a reply') await elapsed(300)
    else await reachedIn(15_000, async () => (await server.report()).counts.open === 1)
    const report = await server.report()
    await pings.stop()
    const later = await answered(server.port, 50)

    record({
      what: `clients killed ${when}`,
      tried: CLIENTS,
      failed: report.counts.open - 1,
      detail: `lost are connections that the server still held; of ${pings.total} pings of another client ${pings.lost} unanswered`,
    })
    expect([all, open]).toEqual([true, CLIENTS + 1])
    if (when === 'during a wait for a reply') expect(report.counts.open).toBe(CLIENTS + 1)
    else {
      expect(report).toMatchObject({ begun: CLIENTS + 1, ended: CLIENTS, counts: { open: 1 } })
      await server.quiet()
      expect(server.sockets().length).toBe(sockets)
    }
    expect(report).toMatchObject({ counts: { failed: 0 }, reported: { total: 0 } })
    expect([pings.lost, later]).toEqual([0, 50])
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })
})

describe('clients that are stopped', () => {
  it.each([
    { when: 'before their first request', options: {}, deadline: 'firstByte' },
    { when: 'during a request', options: { say: 'half a li' }, deadline: 'message' },
    { when: 'after a reply', options: { say: 'ping\n' }, deadline: 'idle' },
    { when: 'during a download', options: { say: `offer ${BYTES}\n`.repeat(100) }, deadline: 'stall' },
  ] as const)('$when end their handlers at the timeout $deadline', async (given) => {
    const { when, options, deadline } = given
    const ms = 1000
    const server = await startServer({ [`${deadline}Timeout`]: ms })
    const sockets = server.sockets().length
    const pings = new Pings(server.port)
    const crowd = await new Crowd(server.port, CLIENTS, options).connected()
    const begun = await reachedIn(15_000, async () => (await server.report()).begun === CLIENTS + 1)

    crowd.program.kill('SIGSTOP')
    const began = performance.now()
    const over = await reachedIn(15_000, async () => (await server.report()).ended === CLIENTS)
    const overMs = Math.round(performance.now() - began)
    // Clients that do not close are dropped after 5 more seconds, which one case checks.
    if (deadline !== 'message') await crowd.kill()
    const free = await reachedIn(15_000, async () => (await server.report()).counts.open === 1)
    const freeMs = Math.round(performance.now() - began)
    await pings.stop()
    const report = await server.report()
    await crowd.kill()
    const freed = deadline === 'message' ? `, the last descriptor was free after ${freeMs} ms` : ''

    record({
      what: `clients stopped ${when}`,
      tried: CLIENTS,
      failed: CLIENTS - report.counts.missed[deadline],
      detail: `deadline ${ms} ms: the last handler ended after ${overMs} ms${freed}; of ${pings.total} pings of another client ${pings.lost} unanswered`,
    })
    expect([begun, over, free]).toEqual([true, true, true])
    expect(report).toMatchObject({
      begun: CLIENTS + 1,
      reported: { total: 0 },
      counts: { failed: 0, missed: { [deadline]: CLIENTS } },
    })
    expect(overMs).toBeLessThan(ms * 1.25 + LATE_MS)
    expect(pings.lost).toBe(0)
    await server.quiet()
    expect(server.sockets().length).toBe(sockets)
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })
})
