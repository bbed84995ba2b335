// The suite of every driver: connecting.
import { CLOSED, FAILED, WRITABLE } from '@bluelet/net/driver'
import { expect, it } from 'vitest'
import type { DriverHarness, DriverSample } from './harness.js'

export function describeConnecting(sample: DriverSample, harness: DriverHarness): void {
  it('reports a new connection, and knows both addresses', async () => {
    const { listener } = await harness.listen()

    const client = harness.connect(listener.address.port)
    const atOnce = client.recorder.told.length
    await harness.until('writable', () => client.recorder.count(WRITABLE) > 0)
    const server = await harness.accept(listener)

    expect(atOnce).toBe(0)
    expect(`${client.socket.remoteAddress}`).toBe(`${listener.address}`)
    expect(`${server.socket.localAddress}`).toBe(`${listener.address}`)
    expect(`${server.socket.remoteAddress}`).toBe(`${client.socket.localAddress}`)
    listener.close()
    client.socket.reset()
    server.socket.reset()
    await harness.closed(client, server)
  })

  it('reports FAILED for a refused connection; the next try throws the reason, and CLOSED is reported once', async () => {
    const { listener } = await harness.listen()
    const { port } = listener.address
    listener.close()

    const client = harness.connect(port)
    await harness.until('failed', () => client.recorder.count(FAILED) > 0)

    expect(() => client.socket.read(1)).toThrow(expect.objectContaining({ code: 'ECONNREFUSED' }))
    client.socket.reset()
    await harness.closed(client)
    await harness.quiet()
    expect(client.recorder.count(CLOSED)).toBe(1)
  })

  it('abandons an attempt to connect, and reports CLOSED once and never WRITABLE', async () => {
    const before = sample.descriptors()
    const { listener } = await harness.listen()
    const client = harness.connect(listener.address.port)

    client.socket.reset()
    await harness.closed(client)
    await harness.quiet()

    expect(client.recorder.count(WRITABLE)).toBe(0)
    expect(client.recorder.count(CLOSED)).toBe(1)
    listener.close()
    await harness.until('the descriptors are back', () => sample.descriptors() === before)
  })
}
