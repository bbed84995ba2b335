// Handlers are killed at random while a hundred clients talk to them. A failing test prints its
// seed; set SEED to repeat it.
import { describe, expect, it, onTestFailed } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { reachedIn } from './patience.js'
import { answered, LineClient, Pings } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const CLIENTS = 100
const MS = 5000

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

describe('a stampede', () => {
  it('of kills leaves nothing behind, so that new clients are served and all counts agree', async () => {
    onTestFailed(() => console.log(`the seed was ${seed}`))
    const server = await startServer()
    const sockets = server.sockets().length
    const killer = await LineClient.connect(server.port)
    const clients = Array.from(
      { length: CLIENTS },
      (_, i) => new Pings(server.port, { everyMs: 10, greeting: i % 2 === 0 ? 'crew 3' : 'ping' }),
    )

    const words = await killer.ask(`stampede ${MS} ${seed}`, MS * 3)
    const counts = clients.map(({ latencies }) => latencies.length)
    const later = await answered(server.port, 50)
    const goOn = await reachedIn(15_000, () =>
      clients.every((client, i) => client.latencies.length > counts[i]!),
    )
    for (const client of clients) await client.stop()
    killer.close()
    await server.quiet()
    const report = await server.report()
    const left = server.sockets().length - sockets

    const killed = Number(words?.split(' ')[1])
    const cut = clients.reduce((sum, { lost }) => sum + lost, 0)
    const pings = clients.reduce((sum, { total }) => sum + total, 0)
    record({
      what: 'handlers killed at random',
      tried: killed,
      failed: report.begun - report.ended + left + (50 - later),
      detail: `while ${CLIENTS} clients talk, for ${MS / 1000} s: ${pings} pings, ${cut} of them cut off; lost are handlers that did not end, sockets left and later clients without an answer`,
    })
    expect(killed).toBeGreaterThan(100)
    expect(cut).toBeLessThanOrEqual(killed)
    expect(cut).toBeGreaterThan(0)
    expect([later, goOn, left]).toEqual([50, true, 0])
    expect(report).toMatchObject({ reported: { total: 0 }, counts: { open: 0, failed: 0 } })
    expect([report.ended, report.counts.served]).toEqual([report.begun, report.begun])
    expect(server.program).toMatchObject({ exit: null, stderr: '' })
  })
})
