// The suite of every driver: writing, and ending our side.
import { ConnectionResetError } from '@bluelet/net'
import { FAILED, WRITABLE } from '@bluelet/net/driver'
import { expect, it } from 'vitest'
import { pattern } from '../../world.js'
import type { DriverHarness } from './harness.js'

export function describeWriting(harness: DriverHarness): void {
  it('takes bytes and delivers them', async () => {
    const { one, other, close } = await harness.pair()

    const taken = one.socket.write(Buffer.from('hello'))
    await harness.until('sent', () => one.socket.unsent === 0)
    const bytes = await harness.readExactly(other, taken)

    expect(taken).toBeGreaterThan(0)
    expect(bytes.toString()).toBe('hello'.slice(0, taken))
    await close()
  })

  it('would block if the peer reads nothing, and reports WRITABLE once it reads', async () => {
    const { one, other, close } = await harness.pair()

    const taken = await harness.fill(one)
    const blocked = one.socket.write(Buffer.from('f'))
    const before = one.recorder.count(WRITABLE)
    const bytes = await harness.readExactly(other, taken)
    await harness.until('writable', () => one.recorder.count(WRITABLE) > before)

    expect(blocked).toBe(0)
    expect(bytes).toHaveLength(taken)
    expect(one.socket.unsent).toBe(0)
    expect(one.socket.write(Buffer.from('more'))).toBeGreaterThan(0)
    await close()
  })

  it('sends 16 MiB to a peer that reads slowly, unchanged and in order', async () => {
    const { one, other, close } = await harness.pair()
    const sent = pattern(16 * 1024 * 1024)

    const writing = harness.writeAll(one, sent).then(() => one.socket.shutdown())
    const received = await harness.readAll(other)
    await writing

    expect(received.equals(sent)).toBe(true)
    await close()
  })

  it('throws once the peer has reset the connection', async () => {
    const { one, other, close } = await harness.pair()
    one.socket.reset()
    await harness.closed(one)

    const failure = await harness.writeFailure(other)

    expect(failure).toBeInstanceOf(ConnectionResetError)
    await close()
  })
}

export function describeAcknowledgements(harness: DriverHarness): void {
  it('says how many written bytes the peer’s system has not taken, if the driver sees that', async () => {
    const { one, other, close } = await harness.pair()
    const before = one.socket.unacknowledged
    const taken = await harness.fill(one)
    const filled = one.socket.unacknowledged
    await harness.readExactly(other, taken)
    await harness.quiet()
    const after = one.socket.unacknowledged
    await close()
    const closed = one.socket.unacknowledged

    if (filled === undefined) expect([before, after, closed]).toEqual([undefined, undefined, undefined])
    else {
      expect(filled).toBeGreaterThan(0)
      expect(filled).toBeLessThanOrEqual(taken)
      expect([before, after]).toEqual([0, 0])
      expect(closed).toBeGreaterThanOrEqual(0)
    }
  })
}

export function describeShutdown(harness: DriverHarness): void {
  it('ends our side without ending the other side', async () => {
    const { one, other, close } = await harness.pair()
    await harness.writeAll(one, Buffer.from('question'))

    one.socket.shutdown()
    const question = await harness.readAll(other)
    await harness.writeAll(other, Buffer.from('answer'))
    other.socket.shutdown()
    const answer = await harness.readAll(one)

    expect(question.toString()).toBe('question')
    expect(answer.toString()).toBe('answer')
    await close()
  })

  it('ends our side after all written bytes', async () => {
    const { one, other, close } = await harness.pair()
    const taken = await harness.fill(one)

    one.socket.shutdown()
    const bytes = await harness.readAll(other)

    expect(bytes).toHaveLength(taken)
    await close()
  })

  it('gives what came before a reset, and then its error, while written bytes wait for our end', async () => {
    const { one, other, close } = await harness.pair()
    one.socket.read(1)
    await harness.writeAll(other, Buffer.from('early'))
    await harness.quiet()
    await harness.fill(one)

    one.socket.shutdown()
    other.socket.reset()
    await harness.until('FAILED', () => one.recorder.count(FAILED) > 0)
    const { bytes, error } = await harness.failure(one)

    expect(bytes.toString()).toBe('early')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })
}
