// Handlers that fail in every way, ten thousand times.
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { answered, LineClient, Pings } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const CRASHES = 10_000
const AT_ONCE = 50

/** The ways to make a handler fail: a command of the client, or its address alone. */
const WAYS = [
  { error: 'Error: no coroutine', say: '', address: '127.0.0.8' },
  { error: 'Error: at the first step', say: '', address: '127.0.0.9' },
  { error: 'Error: after a yield', say: 'throw\n', address: '127.0.0.1' },
  { error: 'Error: a rejected promise', say: 'reject\n', address: '127.0.0.1' },
  { error: 'Error: in finally', say: 'clean\n', address: '127.0.0.1' },
  { error: 'Error: in a child', say: 'child\n', address: '127.0.0.1' },
] as const

describe('handlers that fail', () => {
  it(`${CRASHES} times have their connections closed and are each reported once, and the server goes on`, async () => {
    const server = await startServer({}, { breaks: true })
    expect(await answered(server.port, 50)).toBe(50)
    await server.quiet()
    const [sockets, memory] = [server.sockets().length, server.memory]
    const pings = new Pings(server.port)

    let closed = 0
    let next = 0
    const crash = async () => {
      while (next < CRASHES) {
        const { say, address } = WAYS[next++ % WAYS.length]!
        const client = await LineClient.connect(server.port, address)
        client.socket.write(say)
        await client.end()
        closed++
        client.close()
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, crash))
    await pings.stop()
    await server.quiet()

    const { counts, begun, ended, reported } = await server.report()
    const grown = server.memory - memory
    const left = server.sockets().length - sockets
    record({
      what: 'handlers that crash',
      tried: CRASHES,
      failed: CRASHES - Math.min(closed, reported.total - reported.twice) + pings.lost,
      detail: `in ${WAYS.length} ways; reported ${reported.total} times; of ${pings.total} pings of a normal client ${pings.lost} unanswered; ${left} sockets left`,
    })
    expect(closed).toBe(CRASHES)
    expect({ ...reported, texts: [...reported.texts].sort() }).toEqual({
      total: CRASHES,
      twice: 0,
      texts: WAYS.map(({ error }) => error).sort(),
    })
    expect(counts).toMatchObject({ open: 0, failed: CRASHES })
    expect(begun).toBe(ended)
    expect(pings.lost).toBe(0)
    expect(pings.latencies.length).toBeGreaterThan(100)
    expect(left).toBe(0)
    expect(grown).toBeLessThan(100)
    expect(server.program.stderr).toBe('')
  })
})
