// All interleavings of programs that are too large for the fast suite.
import { describe, expect, it } from 'vitest'
import { interleavings } from '../../harness/interleavings.js'
import { record } from '../../support/figures.js'

describe('everySchedule', () => {
  it.each([
    [2, 8, 12_870],
    [3, 4, 34_650],
    [4, 3, 369_600],
  ])('runs %i tasks of %i steps in each of their %i orders once', async (tasks, steps, expected) => {
    const { tried, orders, failed } = await interleavings(tasks, steps)

    expect(tried).toBe(expected)
    expect(orders.size).toBe(expected)
    expect(failed).toBe(0)
    record({
      what: `interleavings of ${tasks} tasks of ${steps} steps`,
      tried,
      failed,
      detail: 'each order once, none missing; every task takes its steps in order',
    })
  })
})
