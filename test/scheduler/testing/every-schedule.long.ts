import { describe, expect, it } from 'vitest'
import { interleavings } from '../../harness/interleavings.js'
import { record } from '../../support/figures.js'

describe('everySchedule', () => {
  it('runs 4 tasks of 3 steps in each of their 369,600 orders once', async () => {
    const { tried, orders, failed } = await interleavings(4, 3)

    expect(tried).toBe(369_600)
    expect(orders.size).toBe(369_600)
    expect(failed).toBe(0)
    record({
      what: 'interleavings of 4 tasks of 3 steps',
      tried,
      failed,
      detail: 'each order once, none missing; every task takes its steps in order',
    })
  })
})
