// What a read costs: bytes searched, bytes copied, memory kept.

import { pause, race } from '@bluelet/scheduler'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { perform } from '../world.js'
import { reading, readingPieces, scripted, split } from './scripted.js'

interface Count {
  calls: number
  bytes: number
}

afterEach(() => void vi.restoreAllMocks())

describe('the cost of a read', () => {
  const SIZE = 100_000
  /** Enough for pieces of one byte. */
  const FEW = 5000

  it.each([
    ['\n', 1, FEW],
    ['\n', 1025, SIZE],
    ['\r\n', 1, FEW],
    ['\r\n', 7, SIZE],
    ['\r\n', 1000, SIZE],
    ['\r\n', 1025, SIZE],
    ['\r\n', 65_536, SIZE],
    ['\r\n\r\n', 7, FEW],
    ['\r\n\r\n', 1025, SIZE],
  ])('is linear for readline, up to %j in pieces of %i bytes of %i', async (terminator, size, all) => {
    const pieces = split(`${'x'.repeat(all)}${terminator}`, size)
    const { scheduler, conn } = scripted(pieces)
    const searched = countSearched()
    const copied = countCopied()

    const line = await scheduler.run(perform(conn.readline(terminator, { limit: all })))

    expect(line.length).toBe(all + terminator.length)
    // Each byte once, and for each piece the bytes before it, where a terminator may begin, and the
    // seam.
    const seams = 4 * pieces.length * (terminator.length - 1)
    expect(searched.bytes).toBeLessThanOrEqual(all + seams + 10)
    expect(searched.calls).toBeLessThanOrEqual(4 * pieces.length)
    // Each byte is copied into a block and from there into the line, and so are the seams.
    expect(copied.bytes).toBeLessThanOrEqual(2 * all + seams + 10)
  })

  it('is linear for readline, in uncopied pieces shorter than the terminator', async () => {
    const pieces = Array.from({ length: 400 }, (_, i) => Buffer.alloc(i % 2 === 0 ? 1025 : 1, 'x'))
    const { scheduler, conn } = scripted([...pieces, Buffer.from('\r\n\r\n')])
    const searched = countSearched()

    const line = await scheduler.run(perform(conn.readline('\r\n\r\n', { limit: 1_000_000 })))

    expect(line.length).toBe(200 * 1026 + 4)
    expect(searched.calls).toBeLessThanOrEqual(6 * pieces.length)
    expect(searched.bytes).toBeLessThanOrEqual(line.length + 20 * pieces.length)
  })

  it('is linear for readline, for many lines in one piece', async () => {
    const count = SIZE / 10
    const { scheduler, conn } = scripted([Buffer.from('123456789\n'.repeat(count))])
    const searched = countSearched()
    const copied = countCopied()

    await scheduler.run(function* () {
      for (let i = 0; i < count; i++) yield* conn.readline()
    })

    expect(searched.bytes).toBeLessThanOrEqual(2 * SIZE)
    expect(copied.bytes).toBeLessThanOrEqual(2 * SIZE)
  })

  it('is linear for a terminator of two bytes, of which the second one is everywhere', async () => {
    const { scheduler, conn } = scripted(split(`${'\n'.repeat(FEW)}\r\n`, 1000))
    const searched = countSearched()

    const line = await scheduler.run(perform(conn.readline('\r\n', { limit: FEW })))

    expect(line.length).toBe(FEW + 2)
    expect(searched.bytes).toBeLessThanOrEqual(FEW + 100)
  })

  it('is linear for lines whose reads are cut off by their limit of time', async () => {
    const pieces = split(`${'x'.repeat(FEW)}\n`, 100)
    const { scheduler, conn } = scripted(pieces)
    const searched = countSearched()

    const line = await scheduler.run(function* () {
      while (true) {
        const line = yield* race([conn.readline('\n', { limit: FEW }), pause()])
        if (line !== undefined) return line
      }
    })

    expect(line.length).toBe(FEW + 1)
    expect(searched.bytes).toBeLessThanOrEqual(2 * FEW)
  })

  it.each([
    [1, FEW],
    [1000, SIZE],
    [1025, SIZE],
  ])('is linear for readexactly, in pieces of %i bytes of %i', async (size, all) => {
    const { scheduler, conn } = scripted(split('x'.repeat(all), size))
    const copied = countCopied()

    await scheduler.run(perform(conn.readexactly(all)))

    expect(copied.bytes).toBeLessThanOrEqual(2 * all + 10)
  })

  it.each([
    [1, FEW],
    [1000, SIZE],
    [1025, SIZE],
  ])('is linear for readall, in pieces of %i bytes of %i', async (size, all) => {
    const { scheduler, conn } = scripted(split('x'.repeat(all), size))
    const copied = countCopied()

    await scheduler.run(perform(conn.readall({ limit: all })))

    expect(copied.bytes).toBeLessThanOrEqual(2 * all + 10)
  })
})

describe('the memory that read bytes keep alive', () => {
  it('is that of a short line, not of its whole piece', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    piece.write('short\n')

    const line = await readingPieces([piece], function* (conn) {
      return yield* conn.readline()
    })

    expect(line.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })

  it('is that of a few bytes received after a line', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    piece.write('short\n')

    const data = await readingPieces([piece], function* (conn) {
      yield* conn.readline()
      return yield* conn.recv(10)
    })

    expect(data.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })

  it('is that of a few bytes received from many, over a real connection', async () => {
    const data = await reading(Buffer.alloc(60_000), function* (conn) {
      return yield* conn.recv(10)
    })

    expect(data.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })
})

/** Counts the bytes that `indexOf` examines from now on. */
function countSearched(): Count {
  const count = { calls: 0, bytes: 0 }
  const indexOf = Buffer.prototype.indexOf
  vi.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (
    this: Buffer,
    value: any,
    from: any = 0,
  ) {
    const found = indexOf.call(this, value, from)
    count.calls++
    const length = typeof value === 'number' ? 1 : value.length
    count.bytes += Math.max(0, (found === -1 ? this.length : found + length) - from)
    return found
  })
  return count
}

/** Counts the bytes that `copy`, `concat` and `from` copy from now on. */
function countCopied(): Count {
  const count = { calls: 0, bytes: 0 }
  const { copy } = Buffer.prototype
  const { concat, from } = Buffer
  vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args) {
    const copied = copy.apply(this, args)
    count.calls++
    count.bytes += copied
    return copied
  })
  vi.spyOn(Buffer, 'concat').mockImplementation((list, length) => {
    const joined = concat(list, length)
    count.calls++
    count.bytes += joined.length
    return joined
  })
  vi.spyOn(Buffer, 'from').mockImplementation((...args: any[]) => {
    const made: Buffer = Reflect.apply(from, Buffer, args)
    count.calls++
    count.bytes += made.length
    return made as any
  })
  return count
}
