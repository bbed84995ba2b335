// Descriptors of listening sockets that another program has opened, and other descriptors, which
// are refused.
import { closeSync, openSync } from 'node:fs'
import { type Address, connect, ListenError, listen, server } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, kill, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import type { Native } from '../../../packages/net/src/drivers/epoll/native.js'
import { openSockets } from '../../support/leaks.js'
import { BINARY, isBuilt } from '../native/binary.js'
import { WORLDS } from '../server/each-driver.js'
import { errorOf, LOOPBACK, play } from '../world.js'

const REAL = WORLDS.filter(({ name }) => name !== 'simulated')

/**
 * A listening socket that belongs to no library of this process, as if it had been inherited: of an
 * instance of the native part that nothing else uses.
 */
function inherited(): number {
  const addon = { exports: {} }
  process.dlopen(addon, BINARY)
  const native = addon.exports as Native // What addon.cc exports.
  return native.listen(LOOPBACK, 0, 16, false, false, true, 0)
}

describe.each(REAL)('a descriptor (%s)', ({ driver }) => {
  it.runIf(isBuilt)(
    'is listened on, and closed by its listener (skipped without the native part)',
    async () => {
      const before = openSockets()
      const fd = inherited()

      const { address, text, again, left } = await play(function* () {
        using listener = yield* listen({ fd }, driver)
        const again = yield* errorOf(listen({ fd }, driver))
        const [client, conn] = yield* all([
          connect(LOOPBACK, listener.address.port, driver),
          listener.accept(),
        ])
        yield* conn.sendall('served')
        const text = `${yield* client.recv()}`
        client.close()
        conn.close()
        yield* all([client.whenClosed(), conn.whenClosed()])
        const { address } = listener
        listener.close()
        for (let i = 0; i < 100 && openSockets() > before; i++) yield* sleep(1)
        return { address, text, again, left: openSockets() }
      })

      expect(address.host).toBe(LOOPBACK)
      expect(address.port).toBeGreaterThan(0)
      expect(text).toBe('served')
      expect(again.message).toBe(
        `cannot listen on descriptor ${fd}: a listener of this process has the descriptor already (EBUSY)`,
      )
      expect(left).toBe(before)
    },
  )

  it.runIf(isBuilt)('is served by a server (skipped without the native part)', async () => {
    const fd = inherited()

    const text = await play(function* () {
      let address: Address | undefined
      const serving = yield* spawn(
        server(
          { fd },
          function* (conn) {
            yield* conn.sendall('served')
          },
          {
            ...driver,
            signals: false,
            onListening(listener) {
              ;({ address } = listener)
            },
          },
        ),
      )
      while (address === undefined) yield* sleep(1)
      const client = yield* connect(address, driver)
      const text = `${yield* client.readall()}`
      client.close()
      yield* kill(serving)
      return text
    })

    expect(text).toBe('served')
  })

  it('that is not open is refused', async () => {
    const fd = openSync('/dev/null', 'r')
    closeSync(fd)

    const error = await play(() => errorOf(listen({ fd }, driver)))

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toBe(`cannot listen on descriptor ${fd}: the descriptor is not open (EBADF)`)
  })

  it('of a file is refused, and stays open', async () => {
    const fd = openSync('/dev/null', 'r')

    const error = await play(() => errorOf(listen({ fd }, driver)))

    expect(error.message).toBe(`cannot listen on descriptor ${fd}: the descriptor is not a socket (ENOTSOCK)`)
    closeSync(fd)
  })
})

it('has no meaning in a simulation', async () => {
  const error = await simulate(() => errorOf(listen({ fd: 3 })))

  expect(error).toBeInstanceOf(ListenError)
  expect(error.message).toBe(
    'cannot listen on descriptor 3: a network in memory has no descriptors (ENOTSUP)',
  )
})
