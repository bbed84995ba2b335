// Random reads of random streams, compared with an oracle.
import { connect, listen } from '@bluelet/net'
import { join, pause, spawn } from '@bluelet/scheduler'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { LOOPBACK, play } from '../world.js'
import { readCases, readThrough } from './read-oracle.js'
import { checkReads } from './read-property.js'

describe('random reads of random streams', () => {
  it('match the oracle in 4,000 cases of small streams', () => checkReads(4000, 1), 30_000)

  it('match the oracle in 200 cases of copied and uncopied pieces', () => checkReads(200, 1500), 30_000)

  it('match the oracle in 50 cases over real connections', async () => {
    const property = fc.asyncProperty(readCases(40), ({ stream, pieces, calls }) =>
      play(function* () {
        const listener = yield* listen(LOOPBACK, 0)
        const client = yield* connect(LOOPBACK, listener.address.port)
        const conn = yield* listener.accept()
        listener.close()
        const writer = yield* spawn(function* () {
          for (const piece of pieces) {
            if (piece === null) yield* pause()
            else yield* client.sendall(piece)
          }
          client.shutdown()
        })

        yield* readThrough(conn, stream, calls)

        yield* join(writer)
        conn.close()
        client.close()
      }),
    )

    await fc.assert(property, { numRuns: 50 })
  }, 30_000)
})
