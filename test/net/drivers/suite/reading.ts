// The suite of every driver: reading.
import { ConnectionResetError } from '@bluelet/net'
import { FAILED, READABLE } from '@bluelet/net/driver'
import { expect, it } from 'vitest'
import { randomNumbers } from '../../../support/random.js'
import { pattern } from '../../world.js'
import type { DriverHarness } from './harness.js'

export function describeReading(harness: DriverHarness): void {
  it('would block until bytes arrive, and then reports READABLE', async () => {
    const { one, other, close } = await harness.pair()

    const nothing = other.socket.read(10)
    await harness.quiet()
    const before = other.recorder.count(READABLE)
    await harness.writeAll(one, Buffer.from('x'))
    await harness.until('readable', () => other.recorder.count(READABLE) > 0)

    expect(nothing).toBeNull()
    expect(before).toBe(0)
    expect(other.socket.read(10)?.toString()).toBe('x')
    await close()
  })

  it('reports READABLE again after every try that would block', async () => {
    const { one, other, close } = await harness.pair()

    for (const letter of 'abc') {
      const nothing = other.socket.read(10)
      const before = other.recorder.count(READABLE)
      await harness.writeAll(one, Buffer.from(letter))
      await harness.until(`readable: ${letter}`, () => other.recorder.count(READABLE) > before)

      expect(nothing).toBeNull()
      expect(other.socket.read(10)?.toString()).toBe(letter)
    }
    await close()
  })

  it('stays readable until a try would block, without another report for the remaining bytes', async () => {
    const { one, other, close } = await harness.pair()
    other.socket.read(1)
    await harness.writeAll(one, Buffer.from('abcdef'))
    await harness.until('readable', () => other.recorder.count(READABLE) > 0)
    await harness.quiet()

    const pieces = [other.socket.read(1), other.socket.read(2), other.socket.read(100)]

    expect(pieces.map(String)).toEqual(['a', 'bc', 'def'])
    await close()
  })

  it('keeps bytes that arrived before the first try', async () => {
    const { one, other, close } = await harness.pair()
    await harness.writeAll(one, Buffer.from('early'))
    await harness.quiet()

    const bytes = await harness.readExactly(other, 5)

    expect(bytes.toString()).toBe('early')
    await close()
  })

  it('gives no bytes at the end of the stream, at every try', async () => {
    const { one, other, close } = await harness.pair()
    await harness.writeAll(one, Buffer.from('last'))
    one.socket.shutdown()

    const bytes = await harness.readAll(other)
    const again = [other.socket.read(1), other.socket.read(1)]

    expect(bytes.toString()).toBe('last')
    expect(again.map((end) => end?.length)).toEqual([0, 0])
    await close()
  })

  it('reports READABLE at the end of the stream', async () => {
    const { one, other, close } = await harness.pair()
    const nothing = other.socket.read(1)

    one.socket.shutdown()
    await harness.until('readable', () => other.recorder.count(READABLE) > 0)

    expect(nothing).toBeNull()
    expect(other.socket.read(1)).toHaveLength(0)
    await close()
  })

  it('gives bytes that the caller may keep', async () => {
    const { one, other, close } = await harness.pair()
    await harness.writeAll(one, Buffer.from('aaaaaaaa'))
    const first = await harness.readExactly(other, 4)

    await harness.writeAll(one, Buffer.from('bbbbbbbb'))
    const rest = await harness.readExactly(other, 12)
    rest.fill('c')

    expect(first.toString()).toBe('aaaa')
    await close()
  })

  it('never gives more than max bytes, and loses no byte of a megabyte', async () => {
    const { one, other, close } = await harness.pair()
    const sent = pattern(1024 * 1024)
    const random = randomNumbers(7)
    const chunks: Buffer[] = []
    let tooLong = 0
    let length = 0

    const writing = harness.writeAll(one, sent)
    await harness.until('all of it', () => {
      const max = 1 + random(5000)
      const chunk = other.socket.read(max)
      if (chunk !== null) {
        chunks.push(chunk)
        length += chunk.length
        if (chunk.length > max) tooLong++
      }
      return length === sent.length
    })
    await writing

    expect(tooLong).toBe(0)
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    await close()
  })

  it('reads into memory of the caller’s as it reads, if it can: bytes, the end, and no more than fit', async () => {
    const { one, other, close } = await harness.pair()
    const { socket } = other
    if (socket.readInto !== undefined) {
      const memory = Buffer.from('........')
      const nothing = socket.readInto(memory)
      await harness.writeAll(one, Buffer.from('abcdef'))
      await harness.until('readable', () => other.recorder.count(READABLE) > 0)
      await harness.quiet()
      const counts = [socket.readInto(memory.subarray(1, 5)), socket.readInto(memory.subarray(5))]
      const blocked = socket.readInto(memory)
      one.socket.shutdown()
      await harness.until('ended', () => socket.readInto?.(memory) === 0)

      expect([nothing, counts, blocked]).toEqual([null, [4, 2], null])
      expect(memory.toString()).toBe('.abcdef.')
      expect(socket.read(1)).toHaveLength(0)
    }
    await close()
  })

  it('throws a reset at every try to read into memory, after the bytes before it', async () => {
    const { one, other, close } = await harness.pair()
    const { socket } = other
    if (socket.readInto !== undefined) {
      const memory = Buffer.alloc(2)
      socket.readInto(memory)
      await harness.writeAll(one, Buffer.from('abc'))
      await harness.until('readable', () => other.recorder.count(READABLE) > 0)
      one.socket.reset()
      await harness.until('failed', () => other.recorder.count(FAILED) > 0)
      const counts = [socket.readInto(memory), socket.readInto(memory)]

      expect(counts).toEqual([2, 1])
      for (let i = 0; i < 2; i++) expect(() => socket.readInto?.(memory)).toThrow(ConnectionResetError)
    }
    await close()
  })

  it('throws a reset at every try, and never treats it as the end', async () => {
    const { one, other, close } = await harness.pair()
    other.socket.read(1)

    one.socket.reset()
    const { bytes, error } = await harness.failure(other)

    expect(bytes).toHaveLength(0)
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(() => other.socket.read(1)).toThrow(ConnectionResetError)
    expect(other.recorder.count(FAILED)).toBeGreaterThan(0)
    await close()
  })

  it('gives the bytes that arrived before a reset first', async () => {
    const { one, other, close } = await harness.pair()
    const nothing = other.socket.read(1)
    await harness.writeAll(one, Buffer.from('abc'))
    await harness.until('readable', () => other.recorder.count(READABLE) > 0)

    one.socket.reset()
    await harness.quiet()
    const { bytes, error } = await harness.failure(other)

    expect(nothing).toBeNull()
    expect(bytes.toString()).toBe('abc')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })

  it('gives all pieces that arrived before a reset first', async () => {
    const { one, other, close } = await harness.pair()
    const nothing = other.socket.read(1)
    for (const piece of ['abc', 'def', 'ghi']) {
      await harness.writeAll(one, Buffer.from(piece))
      await harness.quiet()
    }

    one.socket.reset()
    await harness.quiet()
    const { bytes, error } = await harness.failure(other)

    expect(nothing).toBeNull()
    expect(bytes.toString()).toBe('abcdefghi')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })

  it('does not treat a reset after unread bytes as the end of the stream', async () => {
    const { one, other, close } = await harness.pair()
    await harness.writeAll(one, Buffer.from('truncated'))
    await harness.quiet()

    one.socket.reset()
    await harness.quiet()
    const { bytes, error } = await harness.failure(other)

    expect(bytes.toString()).toBe('truncated')
    expect(error).toBeInstanceOf(ConnectionResetError)
    await close()
  })

  it('reports nothing without an observer', async () => {
    const { one, other, close } = await harness.pair()
    other.socket.read(1)
    other.socket.observer = null

    await harness.writeAll(one, Buffer.from('ignored'))
    await harness.quiet()
    other.socket.observer = other.recorder

    expect(other.recorder.count(READABLE)).toBe(0)
    expect((await harness.readExactly(other, 7)).toString()).toBe('ignored')
    await close()
  })
}
