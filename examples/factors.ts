// Work that needs a processor: a server answers each number with its smallest prime factor. A pool
// of worker threads computes, so that the server itself goes on; an answer has two seconds.
// Run it, then, in another terminal, run nc and type numbers:
//
//   node --import tsx examples/factors.ts
//   nc 127.0.0.1 8080

import { type Connection, server } from '@bluelet/net'
import { run, TimeoutError, timeout } from '@bluelet/scheduler'
import { pool, smallestFactor } from './factors/pool.js'

function* factors(conn: Connection) {
  while (true) {
    const line = yield* conn.readline('\n', { encoding: 'utf8' })
    if (!line) return // The end.
    yield* conn.sendall(`${yield* answer(line.trim())}\n`)
  }
}

function* answer(text: string) {
  if (!/^\d{1,40}$/.test(text) || BigInt(text) < 2n) return 'not a number of 2 or more'
  try {
    return yield* timeout(Number(process.env.LIMIT ?? 2000), smallestFactor(BigInt(text)))
  } catch (error) {
    return error instanceof TimeoutError ? 'too hard' : `failed: ${(error as Error).message}`
  }
}

await run(
  server('127.0.0.1', Number(process.env.PORT ?? 8080), factors, {
    cancelOnDisconnect: 'reset', // A client that has gone needs no answer.
    onListening: ({ address }) => console.log(`factors at ${address}`),
  }),
)
await pool.destroy()
