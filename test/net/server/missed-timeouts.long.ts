// Promise 8 of the network: a deadline that a handler misses leaves nothing behind.
import { connect } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { sleep, TimeoutError } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { usedHeap } from '../../scheduler/coroutines.js'
import { serve } from '../serving.js'
import { LOOPBACK, MIB } from '../world.js'

describe('missed timeouts', () => {
  it('leave nothing behind while their handler catches them and goes on', async () => {
    const growth: number[] = []

    const missed = await simulate(function* () {
      const { port, counts } = yield* serve(
        function* (conn) {
          while (true) {
            try {
              if ((yield* conn.readline()).length === 0) break
            } catch (error) {
              if (!(error instanceof TimeoutError)) throw error
            }
          }
        },
        { firstByteTimeout: 8, idleTimeout: 8, messageTimeout: 8 },
      )
      const conn = yield* connect(LOOPBACK, port)
      for (let i = 0; i < 3; i++) {
        yield* sleep(15_000)
        growth.push(yield* usedHeap())
      }
      conn.abort()
      return counts.missed.firstByte
    })

    expect(missed).toBeGreaterThan(4000)
    expect(growth[2]! - growth[0]!).toBeLessThan(MIB)
  })
})
