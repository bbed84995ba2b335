// Lines that do not end: their cost, and the memory that they hold.
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { leavesNothingRunning } from '../support/program.js'
import { type LineClient, lineClients } from './pings.js'
import { startServer } from './server-process.js'

leavesNothingRunning()

const MIB = 1024 * 1024
const LINES = 100
const BYTES = 64 * MIB

/** The bytes whose cost is measured: enough for the system's clock of 10 ms. */
const ALL_BYTES = 4 * BYTES

/** 100 lines of 64 MiB each send 6.4 GB through the loopback interface. */
const PATIENCE_MS = 60_000

const PIECE = Buffer.alloc(MIB, 'x')

/** Sends bytes, no faster than they are taken. */
async function sendBytes({ socket }: LineClient, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += PIECE.length) {
    if (!socket.write(PIECE)) await once(socket, 'drain', { signal: AbortSignal.timeout(PATIENCE_MS) })
  }
}

describe('a line that does not end', () => {
  it(`of 64 MiB is an early error, from ${LINES} clients at once; its bytes stay readable, and few of them are held`, async () => {
    const server = await startServer()
    const clients = await lineClients(server.port, LINES)
    const before = server.memory
    let memory = 0
    const watch = setInterval(() => {
      memory = Math.max(memory, server.memory - before)
    }, 50)

    const began = performance.now()
    const replies = await Promise.all(
      clients.map(async (client) => {
        client.socket.write(`overrun ${BYTES}\n`)
        await sendBytes(client, BYTES)
        return client.line(PATIENCE_MS)
      }),
    )
    const ms = performance.now() - began
    clearInterval(watch)
    for (const client of clients) client.close()
    const report = await server.quiet().then(() => server.report())

    const right = replies.filter((reply) => reply === `LimitError ${BYTES}`).length
    const rate = (LINES * BYTES) / MIB / (ms / 1000)
    record({
      what: 'lines of 64 MiB without an end',
      tried: LINES,
      failed: LINES - right,
      detail: `all at once, limit 64 KiB: an error each, and then all their bytes, read on at ${Math.round(rate)} MiB/s; memory +${Math.round(memory)} MiB in all; lost are those of which a byte is missing`,
    })
    expect(replies).toEqual(replies.map(() => `LimitError ${BYTES}`))
    // 128 KiB each, half in the queue and half in a chunk, and uncollected garbage.
    expect(memory).toBeLessThan((LINES * 128) / 1024 + 100)
    expect(report.reported.total).toBe(0)
    expect(server.program.stderr).toBe('')
  })

  it('costs the same for each byte if it is sixteen times as long', async () => {
    const server = await startServer()
    const [client] = await lineClients(server.port, 1)
    const [short, long] = [4 * MIB, BYTES]

    /**
     * The least processor time in milliseconds for lines of a length, for the same number of bytes
     * in total.
     */
    const cost = async (bytes: number): Promise<number> => {
      let best = Number.POSITIVE_INFINITY
      for (let round = 0; round < 2; round++) {
        const before = server.cpuMs
        for (let sent = 0; sent < ALL_BYTES; sent += bytes) {
          client!.socket.write(`line ${BYTES}\n`)
          await sendBytes(client!, bytes)
          expect(await client!.ask('', PATIENCE_MS)).toBe(`${bytes + 1}`)
        }
        best = Math.min(best, server.cpuMs - before)
      }
      return best
    }
    const [shortMs, longMs] = [await cost(short), await cost(long)]
    client!.close()

    const ratio = longMs / shortMs
    const mib = ALL_BYTES / MIB
    record({
      what: 'lines of 4 and of 64 MiB, read whole',
      tried: (2 * ALL_BYTES) / short + (2 * ALL_BYTES) / long,
      failed: 0,
      detail: `${mib} MiB in lines of 4 MiB cost ${shortMs} ms of processor at best, in lines of 64 MiB ${longMs} ms: ${ratio.toFixed(1)} times as much`,
    })
    // If each piece caused a search from the start of the line, the ratio would be 16.
    expect(ratio).toBeLessThan(4)
  })
})
