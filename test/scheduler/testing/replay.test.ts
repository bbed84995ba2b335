import { seeded } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { Replay } from '../../../packages/scheduler/src/testing/replay.js'

describe('Replay', () => {
  it('makes the given choices, then always 0', () => {
    const replay = new Replay([2, 0, 1])

    const taken = [3, 3, 3, 3, 3].map((n) => replay.choose(n))

    expect(taken).toEqual([2, 0, 1, 0, 0])
  })

  it('makes the choices of another schedule after the given ones', () => {
    const replay = new Replay([1], seeded(1))
    const other = seeded(1)

    const taken = [9, 9, 9, 9].map((n) => replay.choose(n))

    expect(taken).toEqual([1, other.choose(9), other.choose(9), other.choose(9)])
  })

  it('makes the last choice where there are fewer options than the given choice needs', () => {
    const replay = new Replay([5])

    expect(replay.choose(3)).toBe(2)
  })

  it('records its choices', () => {
    const replay = new Replay([5, 1])
    for (const n of [3, 2, 4]) replay.choose(n)

    expect(replay.taken()).toEqual([2, 1, 0])
  })

  it('is written up to the last unusual choice', () => {
    const replay = new Replay([0, 2, 0, 1])
    for (let i = 0; i < 9; i++) replay.choose(3)

    expect(`${replay}`).toBe('0.2.0.1')
  })

  it('is written as an empty string when every choice was the usual one', () => {
    const replay = new Replay([])
    for (let i = 0; i < 9; i++) replay.choose(3)

    expect(`${replay}`).toBe('')
  })
})

describe('next', () => {
  /** Every list of choices that `next` produces, for the given numbers of options. */
  function every(...ways: number[]): string[] {
    const all: string[] = []
    for (let choices: readonly number[] | undefined = []; choices !== undefined; ) {
      const replay: Replay = new Replay(choices)
      for (const n of ways) replay.choose(n)
      all.push(replay.taken().join(''))
      choices = replay.next()
    }
    return all
  }

  it('counts through every option, the last choice first', () => {
    expect(every(2, 3)).toEqual(['00', '01', '02', '10', '11', '12'])
  })

  it('produces each combination of options once', () => {
    const all = every(4, 1, 3, 2, 5)

    expect(all).toHaveLength(120)
    expect(new Set(all).size).toBe(120)
  })

  it('produces nothing where there was no choice', () => {
    expect(new Replay([]).next()).toBe(undefined)
  })

  it('detects a given choice that was not used', () => {
    const replay = new Replay([1, 1])
    replay.choose(2)

    expect(() => replay.next()).toThrow('the same choices did not lead to the same run')
  })

  it('detects fewer options than before', () => {
    const replay = new Replay([2])
    replay.choose(2)

    expect(() => replay.next()).toThrow('the same choices did not lead to the same run')
  })
})

describe('from', () => {
  it.each([
    ['', []],
    ['0', [0]],
    ['0.2.1', [0, 2, 1]],
    ['10.0.12', [10, 0, 12]],
  ])('reads %j', (text, choices) => {
    const replay = Replay.from(text)

    expect(choices.map(() => replay.choose(100))).toEqual(choices)
    expect(replay.choose(100)).toBe(0)
  })

  it.each(['x', '.', '1.', '.1', '1..2', '-1', '1.5e3', ' 1', '1\n', 7, undefined])('rejects %j', (text) => {
    expect(() => Replay.from(text as string)).toThrow(TypeError)
    expect(() => Replay.from(text as string)).toThrow("expected a schedule such as '0.2.1', got")
  })
})
