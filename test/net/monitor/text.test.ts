import { expect, it } from 'vitest'
import { duration, printable, table } from '../../../packages/net/src/monitor/text.js'

it('durations are short', () => {
  const all = [-1, 0.0123, 3.44, 99.94, 250, 12_345, 700_000, 40_000_000].map(duration)

  expect(all).toEqual(['0.000 ms', '0.012 ms', '3.4 ms', '99.9 ms', '250 ms', '12 s', '11 min', '11 h 6 min'])
})

it('tables align numbers at the right', () => {
  expect(
    table(
      [' n', 'name'],
      [
        ['1', 'one'],
        ['10', 'ten'],
      ],
    ),
  ).toEqual([' n  name', ' 1  one', '10  ten'])
})

it('names keep letters of other scripts, and lose control characters and those that change the direction', () => {
  expect(printable('häuser 家\n\u001b\u202e\u0085')).toBe('häuser 家\ufffd\ufffd\ufffd\ufffd')
})
