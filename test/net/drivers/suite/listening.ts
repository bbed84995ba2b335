// The suite of every driver: listening and accepting.
import { ConnectionResetError, ListenError } from '@bluelet/net'
import { type DriverListener, FAILED, READABLE, WRITABLE } from '@bluelet/net/driver'
import { expect, it } from 'vitest'
import type { DriverHarness, DriverSample } from './harness.js'

export function describeListening(sample: DriverSample, harness: DriverHarness): void {
  const { driver, address: host } = sample

  it('calls back asynchronously, with the real port', async () => {
    const listeners: (DriverListener | null)[] = []

    driver.listen({ host, port: 0, backlog: 1 }, (_error, listener) => listeners.push(listener))
    const atOnce = listeners.length
    await harness.until('it listens', () => listeners.length > 0)

    expect(atOnce).toBe(0)
    expect(listeners[0]!.address.port).toBeGreaterThan(0)
    expect(listeners[0]!.address.host).toBe(host)
    listeners[0]!.close()
  })

  it('refuses a port that is in use, with a ListenError', async () => {
    const { listener } = await harness.listen()

    const error: unknown = await harness.listen(listener.address.port).catch((error: unknown) => error)

    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ code: 'EADDRINUSE' })
    listener.close()
  })

  it('listens again on a port that was closed', async () => {
    const first = await harness.listen()
    const { port } = first.listener.address
    first.listener.close()

    const second = await harness.listen(port)

    expect(second.listener.address.port).toBe(port)
    second.listener.close()
  })

  it('holds nothing after an abandoned listen', async () => {
    const before = sample.descriptors()
    const late: DriverListener[] = []

    const giveUp = driver.listen({ host, port: 0, backlog: 1 }, (_error, listener) => {
      if (listener !== null) late.push(listener)
    })
    giveUp()
    await harness.quiet()
    for (const listener of late) listener.close()

    await harness.until('the descriptor is back', () => sample.descriptors() === before)
  })

  it('accepts nothing without a client', async () => {
    const { listener, recorder } = await harness.listen()

    const socket = listener.accept()
    await harness.quiet()

    expect(socket).toBeNull()
    expect(recorder.told).toEqual([])
    listener.close()
  })

  it('reports connections, and accepts each once', async () => {
    const { listener, recorder } = await harness.listen()
    const clients = [0, 1, 2].map(() => harness.connect(listener.address.port))

    await harness.until('readable', () => recorder.count(READABLE) > 0)
    const accepted = [
      await harness.accept(listener),
      await harness.accept(listener),
      await harness.accept(listener),
    ]
    await harness.quiet()
    const more = listener.accept()

    await harness.until('connected', () => clients.every(({ recorder }) => recorder.count(WRITABLE) > 0))
    const theirs = accepted.map(({ socket }) => `${socket.remoteAddress}`).sort()
    const ours = clients.map(({ socket }) => `${socket.localAddress}`).sort()
    expect(more).toBeNull()
    expect(theirs).toEqual(ours)
    expect(new Set(theirs).size).toBe(3)
    listener.close()
    for (const { socket } of [...accepted, ...clients]) socket.reset()
    await harness.closed(...accepted, ...clients)
  })

  it('gives a connection the address that its client chose, if it listens on every address', async () => {
    const { listener } = await harness.listen(0, { host: '0.0.0.0' })
    const client = harness.connect(listener.address.port)
    const accepted = await harness.accept(listener)

    const open = `${accepted.socket.localAddress}`
    accepted.socket.reset()
    await harness.closed(accepted)
    const closed = `${accepted.socket.localAddress}`

    expect([open, closed]).toEqual(Array(2).fill(`${host}:${listener.address.port}`))
    listener.close()
    client.socket.reset()
    await harness.closed(client)
  })

  it('resets and counts the connections in the backlog when it closes', async () => {
    const { listener, recorder } = await harness.listen()
    const client = harness.connect(listener.address.port)
    await harness.until('readable', () => recorder.count(READABLE) > 0 && client.recorder.count(WRITABLE) > 0)

    listener.close()
    const { error } = await harness.failure(client)

    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(listener.dropped).toBe(1)
    client.socket.reset()
    await harness.closed(client)
  })

  it('accepts every setting of a listener and of a connection, and carries bytes', async () => {
    const settings = { noDelay: false, keepAlive: Number.POSITIVE_INFINITY }
    const { listener } = await harness.listen(0, { ...settings, ipv6Only: false, reusePort: false })
    const one = harness.connect(listener.address.port, { noDelay: true, keepAlive: 1000 })
    const other = await harness.accept(listener)
    listener.close()

    await harness.writeAll(other, Buffer.from('carried'))
    const bytes = await harness.readExactly(one, 7)

    expect(bytes.toString()).toBe('carried')
    for (const { socket } of [one, other]) socket.reset()
    await harness.closed(one, other)
  })

  it.runIf(sample.ipv6)(
    'excludes IPv4 clients with ipv6Only, and only then (skipped where there is no IPv6 to listen on)',
    async () => {
      const outcomes: string[] = []

      for (const ipv6Only of [true, false]) {
        const { listener } = await harness.listen(0, { host: '::', ipv6Only })
        const client = harness.connect(listener.address.port)
        await harness.until('connected, or not', () => client.recorder.count(WRITABLE | FAILED) > 0)
        outcomes.push(client.recorder.count(FAILED) > 0 ? 'refused' : 'connected')
        listener.close()
        client.socket.reset()
        await harness.closed(client)
      }

      expect(outcomes).toEqual(['refused', 'connected'])
    },
  )

  it('keeps accepted connections open when it closes', async () => {
    const { one, other, close } = await harness.pair()

    await harness.writeAll(one, Buffer.from('after the close'))
    const bytes = await harness.readExactly(other, 15)

    expect(bytes.toString()).toBe('after the close')
    await close()
  })
}
