// Clients that read slowly but without a pause, over real sockets.
import net from 'node:net'
import { type DriverName, driverNamed } from '@bluelet/net/driver'
import { sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { serve } from '../serving.js'
import { LOOPBACK, play } from '../world.js'

/** Reads 20 KB every 40 ms. @returns ends it */
function slowReader(port: number): () => void {
  const socket = net.connect(port, LOOPBACK)
  socket.on('error', () => {})
  socket.on('readable', () => {}) // Otherwise nothing is read ahead.
  const timer = setInterval(() => {
    socket.read(20_000)
  }, 40)
  return () => {
    clearInterval(timer)
    socket.destroy()
  }
}

function available(name: DriverName): boolean {
  try {
    return driverNamed(name) !== undefined
  } catch {
    return false
  }
}

describe.runIf(available('epoll'))('on epoll, a client that reads slowly but steadily', () => {
  it('has not stalled, although the kernel takes nothing for longer than the timeout', async () => {
    const { missed, longest } = await play(function* () {
      const closing = new AbortController()
      let longest = 0
      let begun = 0
      const { port, counts } = yield* serve(
        function* (conn) {
          while (true) {
            begun = performance.now()
            yield* conn.sendall(Buffer.alloc(65_536))
            longest = Math.max(longest, performance.now() - begun)
          }
        },
        { driver: 'epoll', stallTimeout: 1000, signal: closing.signal, grace: 0 },
      )
      const stop = slowReader(port)
      yield* sleep(3500)
      longest = Math.max(longest, performance.now() - begun)
      const missed = counts.missed.stall
      stop()
      closing.abort()
      return { missed, longest }
    })

    expect(longest).toBeGreaterThan(1000)
    expect(missed).toBe(0)
  })
})
