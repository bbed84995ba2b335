// The suite of every driver: closing and resetting.
import { ConnectionResetError } from '@bluelet/net'
import { CLOSED, type DriverSocket, LINGERING } from '@bluelet/net/driver'
import { expect, it } from 'vitest'
import { randomNumbers } from '../../../support/random.js'
import { pattern } from '../../world.js'
import type { DriverHarness, DriverSample } from './harness.js'

export function describeClosing(sample: DriverSample, harness: DriverHarness): void {
  it.each([
    ['that arrived before it was looked for', 0, true, undefined],
    ['that arrived after it was looked for', 1, true, undefined],
    ['that the caller has', 0, false, true],
  ] as const)(
    'lingers with unread input %s until the written bytes have arrived and the peer has ended',
    async (_which, looks, sends, unread) => {
      const { one, other } = await harness.pair()
      for (let i = 0; i < looks; i++) one.socket.read(1)
      if (sends) await harness.writeAll(other, Buffer.from('unread'))
      await harness.quiet()
      const taken = await harness.fill(one)

      one.socket.close(true, unread)
      const bytes = await harness.readAll(other)
      await harness.until('LINGERING', () => one.recorder.count(LINGERING) > 0)
      await harness.quiet()
      const closedBefore = one.recorder.count(CLOSED)
      other.socket.close(true)
      await harness.closed(one, other)

      expect(bytes).toHaveLength(taken)
      expect(closedBefore).toBe(0)
      expect(one.recorder.count(LINGERING)).toBe(1)
    },
  )

  it('frees the descriptor without unread input, and the peer gets all that was written', async () => {
    const { one, other } = await harness.pair()
    await harness.writeAll(other, Buffer.from('read'))
    await harness.readExactly(one, 4)
    const begun = sample.descriptors()
    const taken = await harness.fill(one)

    one.socket.close(true)
    await harness.quiet()
    const bytes = await harness.readAll(other)
    await harness.closed(one)
    await harness.until('its descriptor is free', () => sample.descriptors() === begun - 1)

    expect(bytes).toHaveLength(taken)
    expect(one.recorder.count(LINGERING)).toBe(0)
    other.socket.close(true)
    await harness.closed(other)
  })

  it('waits for no end that has come, even if input before it is unread', async () => {
    const { one, other } = await harness.pair()
    await harness.writeAll(other, Buffer.from('unread'))
    other.socket.shutdown()
    await harness.quiet()

    one.socket.close(true)
    await harness.closed(one)
    const bytes = await harness.readAll(other)

    expect(bytes).toHaveLength(0)
    other.socket.close(true)
    await harness.closed(other)
  })

  it('lingers over unread input, so that the peer’s upload does not fail and the reply arrives', async () => {
    const { one, other } = await harness.pair()
    const upload = harness.writeAll(other, pattern(8 * 1024 * 1024))
    await harness.writeAll(one, Buffer.from('reply'))
    await harness.quiet()

    one.socket.close(true)
    await upload
    const reply = await harness.readAll(other)

    expect(reply.toString()).toBe('reply')
    other.socket.close(true)
    await harness.closed(one, other)
  })

  it('closes at once with a reset if it may not linger', async () => {
    const { one, other } = await harness.pair()
    other.socket.read(1)

    one.socket.reset()
    const { error } = await harness.failure(other)

    expect(error).toBeInstanceOf(ConnectionResetError)
    other.socket.reset()
    await harness.closed(one, other)
  })

  it('closes at once if it may not linger, and the peer gets the written bytes and then the end', async () => {
    const { one, other } = await harness.pair()
    await harness.writeAll(one, Buffer.from('last'))
    const begun = sample.descriptors()

    one.socket.close(false)
    await harness.closed(one)
    await harness.until('its descriptor is free', () => sample.descriptors() === begun - 1)
    const bytes = await harness.readAll(other)

    expect(bytes.toString()).toBe('last')
    other.socket.close(true)
    await harness.closed(other)
  })

  it.each([
    ['before it was looked for', 0],
    ['after it was looked for', 1],
  ])('closes at once with a reset if input that arrived %s is unread', async (_name, looks) => {
    const { one, other } = await harness.pair()
    for (let i = 0; i < looks; i++) one.socket.read(1)
    await harness.writeAll(other, Buffer.from('unread'))
    await harness.quiet()

    one.socket.close(false)
    await harness.closed(one)
    const { error } = await harness.failure(other)

    expect(error).toBeInstanceOf(ConnectionResetError)
    other.socket.reset()
    await harness.closed(other)
  })

  it('closes at once without a reset if all input has been read', async () => {
    const { one, other } = await harness.pair()
    await harness.writeAll(other, Buffer.from('read'))
    await harness.readExactly(one, 4)

    one.socket.close(false)
    const bytes = await harness.readAll(other)

    expect(bytes).toHaveLength(0)
    other.socket.close(true)
    await harness.closed(one, other)
  })

  it('resets a peer that continues to send after the other side closed at once', async () => {
    const { one, other } = await harness.pair()
    one.socket.close(false)
    await harness.closed(one)

    const failure = await harness.writeFailure(other)

    expect(failure).toBeInstanceOf(ConnectionResetError)
    other.socket.reset()
    await harness.closed(other)
  })

  it('cuts a linger short by a reset', async () => {
    const { one, other } = await harness.pair()
    await harness.fill(one)
    one.socket.close(true, true)
    await harness.quiet()
    const lingering = one.recorder.count(CLOSED) === 0

    one.socket.reset()
    await harness.closed(one)
    const { error } = await harness.failure(other)

    expect(lingering).toBe(true)
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(one.recorder.count(CLOSED)).toBe(1)
    other.socket.reset()
    await harness.closed(other)
  })

  it('closes with a reset right after a shutdown', async () => {
    const { one, other } = await harness.pair()

    one.socket.shutdown()
    one.socket.reset()
    await harness.closed(one)

    expect(one.recorder.count(CLOSED)).toBe(1)
    other.socket.reset()
    await harness.closed(other)
  })

  it('reports CLOSED exactly once, however it is closed and how often', async () => {
    const { one, other } = await harness.pair()

    for (const linger of [true, true, false, false, true]) one.socket.close(linger)
    for (const linger of [false, true, false]) other.socket.close(linger)
    await harness.closed(one, other)
    one.socket.reset()
    other.socket.close(true)
    await harness.quiet()

    expect(one.recorder.count(CLOSED)).toBe(1)
    expect(other.recorder.count(CLOSED)).toBe(1)
  })

  it.each([true, false])(
    'reports CLOSED once when the peer has already ended its side: close(%s)',
    async (linger) => {
      const { one, other } = await harness.pair()
      other.socket.shutdown()
      await harness.readAll(one)

      one.socket.close(linger)
      await harness.closed(one)
      await harness.quiet()

      expect(one.recorder.count(CLOSED)).toBe(1)
      other.socket.reset()
      await harness.closed(other)
    },
  )

  it.each([
    ['with a linger', (socket: DriverSocket) => socket.close(true)],
    ['at once', (socket: DriverSocket) => socket.close(false)],
    ['by a reset', (socket: DriverSocket) => socket.reset()],
  ])('throws a ConnectionResetError at a write to an ended socket: %s', async (_way, end) => {
    const { one, other } = await harness.pair()
    end(one.socket)
    end(other.socket)
    await harness.closed(one, other)

    for (const { socket } of [one, other]) {
      expect(() => socket.write(Buffer.from('too late'))).toThrow(ConnectionResetError)
    }
  })

  it('throws a ConnectionResetError at a read from a socket that was reset', async () => {
    const { one, other } = await harness.pair()
    one.socket.reset()
    other.socket.reset()
    await harness.closed(one, other)

    for (const { socket } of [one, other]) expect(() => socket.read(1)).toThrow(ConnectionResetError)
  })

  it('reports CLOSED once after an error, too', async () => {
    const { one, other } = await harness.pair()
    other.socket.read(1)
    one.socket.reset()
    await harness.failure(other)

    other.socket.close(true)
    await harness.closed(one, other)
    await harness.quiet()

    expect(other.recorder.count(CLOSED)).toBe(1)
  })

  it('leaves no descriptor after a hundred connections with all kinds of ends', async () => {
    const before = sample.descriptors()
    const random = randomNumbers(11)

    for (let i = 0; i < 100; i++) {
      const { one, other } = await harness.pair()
      if (random(2) === 0) one.socket.write(Buffer.from('left unread'))
      if (random(2) === 0) other.socket.read(1)
      if (random(2) === 0) other.socket.shutdown()
      one.socket.close(random(2) === 0)
      other.socket.close(random(2) === 0)
      await harness.closed(one, other)
    }

    await harness.until('the descriptors are back', () => sample.descriptors() === before)
  })
}
