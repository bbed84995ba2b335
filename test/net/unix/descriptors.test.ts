// Descriptors of listening sockets that another program has opened, and other descriptors, which
// are refused.
import { createSocket } from 'node:dgram'
import { closeSync, existsSync, openSync } from 'node:fs'
import net from 'node:net'
import { type Address, connect, ListenError, listen, server } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, kill, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { openSockets } from '../../support/leaks.js'
import { isBuilt } from '../native/binary.js'
import { WORLDS } from '../server/each-driver.js'
import { errorOf, LOOPBACK, play } from '../world.js'
import { inherited, native } from './inherited.js'
import { socketPath } from './paths.js'

const REAL = WORLDS.filter(({ name }) => name !== 'simulated')

/** A socket that is connected. */
async function connection(): Promise<number> {
  const server = net.createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve))
  const accepted = new Promise((resolve) => server.once('connection', resolve))
  const fd = native().connect(LOOPBACK, (server.address() as net.AddressInfo).port)
  await accepted
  server.close()
  return fd
}

/** The descriptor of a socket of Node, which has no public name. */
function descriptorOf(socket: object): number {
  const state = Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'state symbol')
  const holder = (
    state === undefined ? { handle: Reflect.get(socket, '_handle') } : Reflect.get(socket, state)
  ) as {
    readonly handle: { readonly fd: number }
  }
  return holder.handle.fd
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

  it.runIf(isBuilt)(
    'may be a Unix socket, whose file is left (skipped without the native part)',
    async () => {
      const path = socketPath()
      const fd = inherited(path)

      const { address, text } = await play(function* () {
        using listener = yield* listen({ fd }, driver)
        const [client, conn] = yield* all([connect({ path }, driver), listener.accept()])
        yield* conn.sendall(`at ${conn.localAddress} from ${conn.remoteAddress}`)
        const text = `${yield* client.recv()}`
        client.close()
        conn.close()
        return { address: listener.address, text }
      })

      // Node does not tell the path.
      const known = driver.driver === 'epoll' ? path : ''
      expect(address.path).toBe(known)
      expect(text).toBe(`at unix:${known} from unix:`)
      expect(existsSync(path)).toBe(true)
    },
  )

  it('of a socket for datagrams is refused', async () => {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve))

    const error = await play(() => errorOf(listen({ fd: descriptorOf(socket) }, driver)))
    socket.close()

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe(driver.driver === 'epoll' ? 'ESOCKTNOSUPPORT' : 'EINVAL')
    expect(error.message).toContain(': the descriptor is ')
  })

  it.runIf(isBuilt)('of a connection is refused (skipped without the native part)', async () => {
    const fd = await connection()

    const error = await play(() => errorOf(listen({ fd }, driver)))
    if (driver.driver === 'epoll') closeSync(fd)

    expect(error.message).toBe(
      `cannot listen on descriptor ${fd}: the descriptor is not a listening socket (EINVAL)`,
    )
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
