// A socket some of whose input has been read already.
import type { DriverSocket } from '@bluelet/net/driver'
import { describe, expect, it } from 'vitest'
import { EarlyInput } from '../../../packages/net/src/drivers/tls/early-input.js'

/** A socket that records its calls. */
function recorded(own: Partial<DriverSocket> = {}): {
  readonly inner: DriverSocket
  readonly calls: unknown[]
} {
  const calls: unknown[] = []
  const record =
    <T>(name: string, answer: T) =>
    (...args: readonly unknown[]): T => {
      calls.push([name, ...args])
      return answer
    }
  const inner: DriverSocket = {
    observer: null,
    localAddress: undefined,
    remoteAddress: undefined,
    unsent: 7,
    read: record('read', Buffer.from('later')),
    write: record('write', 3),
    shutdown: record('shutdown', undefined),
    close: record('close', undefined),
    reset: record('reset', undefined),
    ...own,
  }
  return { inner, calls }
}

describe('a socket with early input', () => {
  it('gives that first, in pieces, and then what its socket reads', () => {
    const { inner } = recorded()
    const socket = new EarlyInput(inner, Buffer.from('early'))

    const reads = [socket.read(2), socket.read(100), socket.read(100)].map(String)

    expect(reads).toEqual(['ea', 'rly', 'later'])
  })

  it('leaves everything else to its socket', () => {
    const { inner, calls } = recorded({ unacknowledged: 5 })
    const socket = new EarlyInput(inner, Buffer.from('early'))
    const observer = { ready() {} }
    const bytes = Buffer.from('abc')

    socket.observer = observer
    const written = socket.write(bytes)
    socket.shutdown()
    socket.reset()

    expect(inner.observer).toBe(observer)
    expect(socket.observer).toBe(observer)
    expect([written, socket.unsent, socket.unacknowledged]).toEqual([3, 7, 5])
    expect(calls).toEqual([['write', bytes], ['shutdown'], ['reset']])
  })

  it('has nothing unacknowledged if its socket does not say', () => {
    const { inner } = recorded()

    expect(new EarlyInput(inner, Buffer.from('early')).unacknowledged).toBe(0)
  })

  it.each([
    [0, false, true],
    [5, false, false],
    [5, true, true],
  ])('says at a close after %d bytes whether input is unread', (read, unread, told) => {
    const { inner, calls } = recorded()
    const socket = new EarlyInput(inner, Buffer.from('early'))
    if (read > 0) socket.read(read)

    socket.close(true, unread)

    expect(calls).toEqual([['close', true, told]])
  })
})
