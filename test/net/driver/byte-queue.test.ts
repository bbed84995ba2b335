import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ByteQueue } from '../../../packages/net/src/driver/byte-queue.js'
import { turn } from '../../support/deadline.js'
import { pattern } from '../world.js'

/** An operation on a queue. Its amount is cut to the bytes available. */
type Operation =
  | { readonly kind: 'push' | 'take' | 'takeSome' | 'peek'; readonly amount: number }
  | { readonly kind: 'find'; readonly terminator: string }
  | { readonly kind: 'clear' }

/** Written over taken bytes, since they must belong to the caller alone. It is not a letter. */
const SCRATCH = 0xee

const LETTERS = 'ab'

/** Performs the operations on a queue and on a buffer, whose results must be equal. */
function compare(operations: readonly Operation[]): void {
  const queue = new ByteQueue()
  let model = Buffer.alloc(0)
  const taken: Buffer[] = []
  /** How far each terminator has been searched for without success. */
  const searched = new Map<string, number>()
  let serial = 0

  for (const operation of operations) {
    switch (operation.kind) {
      case 'push': {
        // Letters that do not repeat at a regular distance.
        const chunk = Buffer.alloc(operation.amount)
        for (let i = 0; i < chunk.length; i++, serial++)
          chunk[i] = LETTERS.charCodeAt((serial * serial + (serial >> 3)) & 1)
        queue.push(Buffer.from(chunk))
        model = Buffer.concat([model, chunk])
        break
      }
      case 'take': {
        const n = Math.min(operation.amount, model.length)
        same('take', queue.take(n), model.subarray(0, n), taken)
        model = model.subarray(n)
        if (n > 0) searched.clear()
        break
      }
      case 'takeSome': {
        const some = queue.takeSome(operation.amount)
        if (model.length > 0 && operation.amount > 0 && some.length === 0)
          throw new Error('takeSome: no bytes')
        if (some.length > operation.amount) throw new Error(`takeSome: ${some.length} bytes`)
        same('takeSome', some, model.subarray(0, some.length), taken)
        model = model.subarray(some.length)
        if (some.length > 0) searched.clear()
        break
      }
      case 'peek':
        same('peek', queue.peek(operation.amount), model.subarray(0, operation.amount), taken)
        break
      case 'find': {
        const { terminator } = operation
        const from = Math.max(0, (searched.get(terminator) ?? 0) - terminator.length + 1)
        const begin = model.indexOf(terminator)
        const found = queue.find(Buffer.from(terminator), from)
        if (found !== (begin === -1 ? -1 : begin + terminator.length)) {
          throw new Error(`find ${terminator} from ${from}: ${found}, but it begins at ${begin}`)
        }
        if (found === -1) searched.set(terminator, model.length)
        break
      }
      case 'clear':
        queue.clear()
        model = Buffer.alloc(0)
        searched.clear()
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
  const terminator = fc.constantFrom('a', 'aa', 'aaa', 'ab', 'abab', 'aabaa', 'bbbbbbbbbb')
  return fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('push'), amount }) },
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
    expect(queue.find(Buffer.from('a'), 0)).toBe(-1)
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

    expect(taken.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
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
