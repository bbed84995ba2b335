import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Queue } from '../../packages/scheduler/src/queue.js'
import { collectGarbage } from '../support/garbage.js'

interface Item {
  readonly n: number
}

function item(n: number): Item {
  return { n }
}

function filled(count: number): Queue<Item> {
  const queue = new Queue<Item>()
  for (let n = 0; n < count; n++) queue.push(item(n))
  return queue
}

function drain(queue: Queue<Item>): unknown[] {
  const drained: unknown[] = []
  while (queue.size > 0) drained.push(queue.shift())
  return drained
}

function numbers(from: number, to: number): unknown[] {
  return Array.from({ length: to - from }, (_, i) => ({ n: from + i }))
}

describe('Queue', () => {
  it.each([0, 1, 63, 64, 65, 128, 1000])('gives %i items back in the order in which they came', (count) => {
    const queue = filled(count)

    const drained = drain(queue)

    expect(drained).toEqual(numbers(0, count))
  })

  it('keeps the order when it grows with its head in the middle', () => {
    const queue = filled(64)
    for (let i = 0; i < 40; i++) queue.shift()
    for (let n = 64; n < 200; n++) queue.push(item(n))

    const drained = drain(queue)

    expect(drained).toEqual(numbers(40, 200))
  })

  it('lets go of an item that it has given back', async () => {
    const queue = new Queue<Item>()
    queue.push(item(1))
    const task = new WeakRef(queue.shift())

    await collectGarbage()

    expect(task.deref()).toBe(undefined)
    expect(queue.size).toBe(0)
  })

  it('does what an array does', () => {
    // Runs of pushes and shifts, so that the ring wraps at many sizes.
    const bursts = fc.array(fc.integer({ min: -150, max: 150 }), { maxLength: 40 })

    fc.assert(
      fc.property(bursts, (bursts) => {
        const queue = new Queue<Item>()
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
