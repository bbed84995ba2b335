// A client that reads slowly but steadily has not stalled: what counts is what it takes, which the
// driver sees in the acknowledgements, and not what the kernel takes.
import { connect } from '@bluelet/net'
import type { Driver, DriverSocket } from '@bluelet/net/driver'
import { simulate } from '@bluelet/net/testing'
import { sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { serve } from '../serving.js'
import { driverLike, LOOPBACK, likeObject } from '../world.js'

/** A driver each of whose accepted sockets is changed. */
function changing(driver: Driver, change: (socket: DriverSocket) => DriverSocket): Driver {
  return driverLike(driver, {
    listen: (target, done) =>
      driver.listen(target, (error, listener) => {
        const accept = () => {
          const socket = listener!.accept()
          return socket === null ? null : change(socket)
        }
        done(error, listener === null ? null : likeObject(listener, { accept }))
      }),
  })
}

describe('a client that takes some bytes now and then', () => {
  it.each([
    ['is no stall while the driver sees acknowledgements', 100, 10_000],
    ['is a stall as soon as there are none', 0, 1000],
    ['is a stall if the driver cannot see them', undefined, 1000],
  ])('%s', async (_what, perSecond, expected) => {
    const ms = await simulate(function* (world) {
      const driver = changing(world.network, (socket) =>
        likeObject(socket, {
          // The kernel takes a thousand bytes, and has no room for more.
          write: (bytes) => (bytes.length > 1000 ? 1000 : 0),
          get unacknowledged() {
            return perSecond === undefined ? undefined : Math.max(0, 1000 - (perSecond * world.now()) / 1000)
          },
        } as Partial<DriverSocket>),
      )
      const { port, counts } = yield* serve(
        function* (conn) {
          yield* conn.sendall(Buffer.alloc(2000))
          yield* conn.flush()
        },
        { driver: likeObject(world.network, driver as object), stallTimeout: 1000 },
      )
      const conn = yield* connect(LOOPBACK, port)
      while (counts.missed.stall === 0 && world.now() < 60_000) yield* sleep(10)
      const ms = world.now()
      conn.abort()
      return ms
    })

    expect(ms).toBeGreaterThanOrEqual(expected)
    expect(ms).toBeLessThan(expected + 1300)
  })
})
