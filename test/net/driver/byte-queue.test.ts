import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ByteQueue } from '../../../packages/net/src/driver/byte-queue.js'
import { turn } from '../../support/deadline.js'
import { pattern } from '../world.js'

/** An operation on a queue. Its amount is cut to the bytes available. */
type Operation =
  | { readonly kind: 'push' | 'unshift' | 'take' | 'takeSome' | 'peek'; readonly amount: number }
  | { readonly kind: 'find'; readonly terminator: string }
  | { readonly kind: 'clear' }

/** Written over taken bytes, since they must belong to the caller alone. It is not a letter. */
const SCRATCH = 0xee

const LETTERS = 'ab'

/** Terminators as a queue takes them. Objects, since it goes on with a search for the same one. */
const SOUGHT: Record<string, number | Buffer> = Object.fromEntries(
  ['b', 'c', 'aa', 'ab', 'ac', 'aaa', 'abab', 'aabaa', 'bbbbbbbbbb'].map((terminator) => [
    terminator,
    terminator.length === 1 ? terminator.charCodeAt(0) : Buffer.from(terminator),
  ]),
)

/** Performs the operations on a queue and on a buffer, whose results must be equal. */
function compare(operations: readonly Operation[]): void {
  const queue = new ByteQueue()
  let model = Buffer.alloc(0)
  const taken: Buffer[] = []
  let serial = 0

  for (const operation of operations) {
    switch (operation.kind) {
      case 'push':
      case 'unshift': {
        // Letters that do not repeat at a regular distance.
        const chunk = Buffer.alloc(operation.amount)
        for (let i = 0; i < chunk.length; i++, serial++)
          chunk[i] = LETTERS.charCodeAt((serial * serial + (serial >> 3)) & 1)
        queue[operation.kind](Buffer.from(chunk))
        model = Buffer.concat(operation.kind === 'push' ? [model, chunk] : [chunk, model])
        break
      }
      case 'take': {
        const n = Math.min(operation.amount, model.length)
        same('take', queue.take(n), model.subarray(0, n), taken)
        model = model.subarray(n)
        break
      }
      case 'takeSome': {
        const some = queue.takeSome(operation.amount)
        if (model.length > 0 && operation.amount > 0 && some.length === 0)
          throw new Error('takeSome: no bytes')
        if (some.length > operation.amount) throw new Error(`takeSome: ${some.length} bytes`)
        same('takeSome', some, model.subarray(0, some.length), taken)
        model = model.subarray(some.length)
        break
      }
      case 'peek':
        same('peek', queue.peek(operation.amount), model.subarray(0, operation.amount), taken)
        break
      case 'find': {
        const { terminator } = operation
        const begin = model.indexOf(terminator)
        const found = queue.find(SOUGHT[terminator]!)
        if (found !== (begin === -1 ? -1 : begin + terminator.length)) {
          throw new Error(`find ${terminator}: ${found}, but it begins at ${begin}`)
        }
        break
      }
      case 'clear':
        queue.clear()
        model = Buffer.alloc(0)
    }
    if (queue.length !== model.length) throw new Error(`length: ${queue.length}, expected ${model.length}`)
  }
  same('take', queue.take(model.length), model, taken)
  if (taken.some((bytes) => bytes.some((byte) => byte !== SCRATCH))) {
    throw new Error('bytes that had been taken were changed later')
  }
}

function same(what: string, got: Buffer, expected: Buffer, taken: Buffer[]): void {
  if (!got.equals(expected)) throw new Error(`${what}: ${got.length} bytes ${got}, expected ${expected}`)
  got.fill(SCRATCH)
  taken.push(got)
}

/** Random operations on chunks of up to `largest` bytes. */
function operations(largest: number): fc.Arbitrary<Operation[]> {
  const amount = fc.nat(largest)
  const terminator = fc.constantFrom(...Object.keys(SOUGHT))
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('push'), amount }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('unshift'), amount }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('take', 'takeSome', 'peek'), amount }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('find'), terminator }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'clear' } as const) },
    ),
    { maxLength: 20 },
  )
}

describe('the module', () => {
  it('says what to do where there is no Buffer', async () => {
    vi.resetModules()
    vi.stubGlobal('Buffer', undefined)

    const loading = import('../../../packages/net/src/driver/byte-queue.js').finally(() =>
      vi.unstubAllGlobals(),
    )

    await expect(loading).rejects.toThrow('@bluelet/net needs Buffer')
  })
})

describe('ByteQueue', () => {
  it.each([
    ['of some bytes', 6, 8000],
    ['that are copied into blocks, and others', 1500, 1000],
    ['that fill blocks', 9000, 200],
  ])('equals a buffer after random operations on chunks %s', (_, largest, numRuns) => {
    fc.assert(fc.property(operations(largest), compare), { numRuns })
  })

  it('is empty at first', () => {
    const queue = new ByteQueue()

    expect(queue.length).toBe(0)
    expect(queue.takeSome(1).length).toBe(0)
    expect(queue.peek(1).length).toBe(0)
    expect(queue.find(Buffer.from('aa'))).toBe(-1)
  })

  it('gives a chunk by takeSome without a copy', () => {
    const queue = new ByteQueue()
    const chunk = Buffer.alloc(2000)
    queue.push(chunk)

    const taken = queue.takeSome(Number.POSITIVE_INFINITY)

    expect(taken).toBe(chunk)
  })

  it('keeps single bytes in little more memory than their size', () => {
    const queue = new ByteQueue()
    const count = 100_000

    globalThis.gc!()
    const before = process.memoryUsage()
    for (let i = 0; i < count; i++) queue.push(Buffer.alloc(1))
    globalThis.gc!()
    const after = process.memoryUsage()

    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(
      10 * count,
    )
    expect(queue.length).toBe(count)
  })

  it('keeps single bytes in order, over many blocks', () => {
    const queue = new ByteQueue()
    const bytes = pattern(100_000)

    for (let i = 0; i < bytes.length; i++) queue.push(bytes.subarray(i, i + 1))

    expect(queue.take(bytes.length).equals(bytes)).toBe(true)
  })

  it('releases the chunks that have been taken, even if others follow', async () => {
    const queue = new ByteQueue()
    const dropped = refsOf(30, (chunk) => queue.push(chunk))
    refsOf(10, (chunk) => queue.push(chunk))

    takeEach(queue, 30)
    await collected()

    expect(dropped.filter((ref) => ref.deref() !== undefined)).toEqual([])
    expect(queue.length).toBe(10 * 2000)
  })

  it('releases everything when it is cleared', async () => {
    const queue = new ByteQueue()
    const dropped = refsOf(10, (chunk) => queue.push(chunk))

    queue.clear()
    await collected()

    expect(dropped.filter((ref) => ref.deref() !== undefined)).toEqual([])
  })

  it('copies a small part of a big chunk', () => {
    const queue = new ByteQueue()
    queue.push(pattern(65_536))

    const taken = queue.take(100)

    expect(taken.buffer.byteLength).toBeLessThanOrEqual(8192)
  })

  it('copies many small parts of a big chunk together, so that they share few blocks', () => {
    const queue = new ByteQueue()
    const chunk = pattern(65_536)
    queue.push(chunk)

    const parts = Array.from({ length: 650 }, () => queue.take(100))

    expect(Buffer.concat(parts).equals(chunk.subarray(0, 65_000))).toBe(true)
    expect(Math.max(...parts.map(({ buffer }) => buffer.byteLength))).toBe(8192)
    expect(new Set(parts.map(({ buffer }) => buffer)).size).toBeLessThanOrEqual(13)
  })

  it.each([1, 2, 5, 100])(
    'copies little more than is taken where %i small parts and a large one take turns',
    (count) => {
      const queue = new ByteQueue()
      const blocks = new Set<ArrayBufferLike>()
      for (let i = 0; i < 100; i++) queue.push(Buffer.allocUnsafeSlow(65_536))

      for (let i = 0; i < 100; i++) {
        for (let j = 0; j < count; j++) {
          const { buffer } = queue.take(10)
          blocks.add(buffer)
        }
        queue.take(65_536 - count * 10)
      }

      const kept = [...blocks].reduce((sum, { byteLength }) => sum + byteLength, 0)
      expect(kept).toBeLessThanOrEqual(3 * 100 * count * 10 + 2 * 8192)
    },
  )

  it('copies a middle part of a big chunk alone', () => {
    const queue = new ByteQueue()
    const chunk = pattern(65_536)
    queue.push(chunk)

    const taken = queue.take(10_000)

    expect(taken.buffer.byteLength).toBe(10_000)
    expect(queue.take(100).equals(chunk.subarray(10_000, 10_100))).toBe(true)
  })

  it('gives small parts of a chunk of one block without a copy', () => {
    const queue = new ByteQueue()
    const chunk = Buffer.allocUnsafeSlow(8192)
    queue.push(chunk)

    const taken = queue.take(10)

    expect(taken.buffer).toBe(chunk.buffer)
  })

  it('fills a small takeSome from the next chunk', () => {
    const queue = new ByteQueue()
    queue.push(pattern(2000))
    queue.push(pattern(2000))
    queue.take(1900)

    expect([queue.takeSome(1000).length, queue.takeSome(3000).length]).toEqual([1000, 1100])
  })

  it('keeps no memory once everything has been taken', async () => {
    const queue = new ByteQueue()
    const [ref] = refsOf(1, (chunk) => queue.push(chunk))
    queue.take(10)
    queue.take(1990)

    await collected()

    expect(ref!.deref()).toBeUndefined()
  })

  it('gives a large part of a big chunk without a copy', () => {
    const queue = new ByteQueue()
    const chunk = pattern(65_536)
    queue.push(chunk)

    const taken = queue.take(40_000)

    expect(taken.buffer).toBe(chunk.buffer)
  })

  it('copies the last bytes of a big chunk', () => {
    const queue = new ByteQueue()
    queue.push(pattern(65_536))
    queue.take(65_530)

    const last = queue.take(6)

    expect(last.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })
})

/** Pushes new chunks; gives weak references to them. */
function refsOf(count: number, push: (chunk: Buffer) => void): WeakRef<ArrayBufferLike>[] {
  return Array.from({ length: count }, () => {
    const chunk = Buffer.allocUnsafeSlow(2000)
    push(chunk)
    return new WeakRef(chunk.buffer)
  })
}

function takeEach(queue: ByteQueue, count: number): void {
  for (let i = 0; i < count; i++) queue.takeSome(2000)
}

/** Collects garbage after a turn, until whose end a new WeakRef holds its target. */
async function collected(): Promise<void> {
  await turn()
  globalThis.gc!()
}
