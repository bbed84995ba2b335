import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RingQueue } from '../../../packages/scheduler/src/stores/ring-queue.js'
import { collectGarbage } from '../../support/garbage.js'

interface Item {
  readonly n: number
}

function item(n: number): Item {
  return { n }
}

function filled(count: number): RingQueue<Item> {
  const queue = new RingQueue<Item>()
  for (let n = 0; n < count; n++) queue.push(item(n))
  return queue
}

function drain(queue: RingQueue<Item>): unknown[] {
  const drained: unknown[] = []
  while (queue.size > 0) drained.push(queue.shift())
  return drained
}

function numbers(from: number, to: number): unknown[] {
  return Array.from({ length: to - from }, (_, i) => ({ n: from + i }))
}

describe('RingQueue', () => {
  it.each([0, 1, 63, 64, 65, 128, 1000])(
    'returns %i items in the order in which they were added',
    (count) => {
      const queue = filled(count)

      const drained = drain(queue)

      expect(drained).toEqual(numbers(0, count))
    },
  )

  it('keeps the order when it grows with its head in the middle', () => {
    const queue = filled(64)
    for (let i = 0; i < 40; i++) queue.shift()
    for (let n = 64; n < 200; n++) queue.push(item(n))

    const drained = drain(queue)

    expect(drained).toEqual(numbers(40, 200))
  })

  it('releases an item that it has returned', async () => {
    const queue = new RingQueue<Item>()
    queue.push(item(1))
    const task = new WeakRef(queue.shift())

    await collectGarbage()

    expect(task.deref()).toBe(undefined)
    expect(queue.size).toBe(0)
  })

  it('keeps its contents when it is trimmed', () => {
    const queue = filled(5000)
    while (queue.size > 10) queue.shift()

    queue.trim()
    queue.push(item(5000))

    expect(drain(queue)).toEqual(numbers(4990, 5001))
  })

  it('frees the memory of a burst when it is trimmed', async () => {
    const queue = new RingQueue<number>()
    // A ring of 2 ** 20 places, of 4 or 8 bytes each.
    for (let n = 0; n < 2 ** 20; n++) queue.push(n)
    while (queue.size > 0) queue.shift()
    await collectGarbage()
    const before = process.memoryUsage().heapUsed

    queue.trim()
    await collectGarbage()

    expect(before - process.memoryUsage().heapUsed).toBeGreaterThan(2 ** 21)
    queue.push(1)
    expect(queue.shift()).toBe(1)
  })

  it('removes the item at an index and closes the gap', () => {
    const queue = filled(20)
    for (let i = 0; i < 10; i++) queue.shift()
    for (let n = 20; n < 24; n++) queue.push(item(n))

    const taken = [queue.take(13), queue.take(0), queue.take(5)]

    expect(taken).toEqual([{ n: 23 }, { n: 10 }, { n: 16 }])
    expect(drain(queue)).toEqual([11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22].map((n) => ({ n })))
  })

  it('releases an item that it has returned from the middle', async () => {
    const queue = filled(3)
    const taken = new WeakRef(queue.take(1))

    await collectGarbage()

    expect(taken.deref()).toBe(undefined)
    expect(queue.size).toBe(2)
  })

  it('releases an item after the one behind it was removed', async () => {
    const queue = filled(3)
    queue.take(2)
    const front = new WeakRef(queue.shift())

    await collectGarbage()

    expect(front.deref()).toBe(undefined)
    expect(queue.size).toBe(1)
  })

  it('behaves like an array, wherever items are removed', () => {
    const places = fc.array(fc.oneof(fc.constant(null), fc.nat({ max: 100 })), { maxLength: 200 })

    fc.assert(
      fc.property(places, (places) => {
        const queue = new RingQueue<number>()
        const model: number[] = []
        for (const [n, place] of places.entries()) {
          if (place === null || model.length === 0) {
            queue.push(n)
            model.push(n)
          } else {
            const index = place % model.length
            expect(queue.take(index)).toBe(model.splice(index, 1)[0])
          }
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })

  it('behaves like an array', () => {
    // Runs of pushes and shifts, so that the ring wraps at many sizes.
    const bursts = fc.array(fc.integer({ min: -150, max: 150 }), { maxLength: 40 })

    fc.assert(
      fc.property(bursts, (bursts) => {
        const queue = new RingQueue<Item>()
        const model: Item[] = []
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) {
            const task = item(i)
            queue.push(task)
            model.push(task)
          }
          for (let i = 0; i > burst && model.length > 0; i--) {
            expect(queue.shift()).toBe(model.shift())
          }
          expect(queue.size).toBe(model.length)
        }
      }),
    )
  })
})
