// Values for people. A preview never runs code of the program.
import { sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { errorName, preview } from '../../../packages/scheduler/src/trace/preview.js'
import { revoked } from '../unprintable.js'
import { stepAll, world } from '../world.js'

class Account {
  toString(): string {
    throw new Error('is never called')
  }
}

describe('preview', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [-0, '-0'],
    [1.5, '1.5'],
    [10n, '10n'],
    [Symbol('s'), 'Symbol(s)'],
    ['a\n', '"a\\n"'],
    ['x'.repeat(100), `"${'x'.repeat(78)}…`],
    [function named() {}, 'function named'],
    [Object.create(null), '{}'],
    [new Account(), 'Account'],
    [new RangeError('too far'), 'RangeError: too far'],
    [new Error(), 'Error'],
    [Uint8Array.of(65, 10, 13, 9, 34, 92, 0, 255), 'b"A\\n\\r\\t\\"\\\\\\x00\\xff"'],
    [new Uint8Array(1000).fill(65), `b"${'A'.repeat(77)}…`],
    [[1, [2, [3]], {}], '[1, [2, [1 items]], {}]'],
    [Array(20).fill(1), '[1, 1, 1, 1, 1, 1, 1, 1, …]'],
    [{ a: 1, b: { c: { d: 1 } } }, '{ a: 1, b: { c: {…} } }'],
    [
      { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 },
      '{ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, … }',
    ],
    [
      {
        get secret() {
          throw new Error('is never called')
        },
      },
      '{ secret: … }',
    ],
    [sleep(1), 'an event (sleep)'],
  ])('shows a value %#', (value, text) => {
    expect(preview(value)).toBe(text)
  })

  it('shows a value that cannot be looked at', () => {
    expect(preview(revoked())).toBe('an object')
    expect(errorName(revoked())).toBe('an error')
  })

  it('shows a task', () => {
    const { scheduler } = world()
    const task = scheduler.spawn(function* main() {})

    expect(preview(task)).toBe('main#1')
    stepAll(scheduler)
  })
})

describe('errorName', () => {
  it.each<[unknown, string]>([
    [new TypeError('secret'), 'TypeError'],
    [Object.assign(new Error('secret'), { code: 'ECONNRESET' }), 'Error (ECONNRESET)'],
    ['secret', 'string'],
  ])('shows an error %#', (error, text) => {
    expect(errorName(error)).toBe(text)
  })
})
