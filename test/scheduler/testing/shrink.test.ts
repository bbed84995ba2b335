import { describe, expect, it } from 'vitest'
import { shrink, trimmed } from '../../../packages/scheduler/src/testing/shrink.js'

/** Shrinks a schedule and counts the tries. */
async function shrunk(
  found: readonly number[],
  fails: (choices: readonly number[]) => boolean,
): Promise<{ best: readonly number[]; tries: number }> {
  let tries = 0
  const best = await shrink(found, async (choices) => {
    tries++
    return fails(choices)
  })
  return { best, tries }
}

const noise = Array.from({ length: 40 }, (_, i) => (i * 7) % 5)

describe('shrink', () => {
  it('removes everything from a schedule that always fails', async () => {
    expect((await shrunk(noise, () => true)).best).toEqual([])
  })

  it('leaves a schedule unchanged that cannot be smaller', async () => {
    expect((await shrunk([3, 1, 2], (choices) => choices.join() === '3,1,2')).best).toEqual([3, 1, 2])
  })

  it('removes choices that do not matter', async () => {
    const fails = (choices: readonly number[]) => choices.includes(4)

    expect((await shrunk(noise, fails)).best).toEqual([4])
  })

  it('replaces choices that do not matter, but cannot be removed, by the usual one', async () => {
    const fails = (choices: readonly number[]) => choices[5] === 3

    expect((await shrunk([1, 2, 1, 2, 1, 3, 2, 2], fails)).best).toEqual([0, 0, 0, 0, 0, 3])
  })

  it('makes a choice as small as possible', async () => {
    const fails = (choices: readonly number[]) => (choices[0] ?? 0) >= 17

    expect((await shrunk([1000], fails)).best).toEqual([17])
  })

  it('finds two choices that matter only together', async () => {
    const fails = (choices: readonly number[]) =>
      choices.indexOf(4) !== -1 && choices.lastIndexOf(3) > choices.indexOf(4)

    expect((await shrunk(noise, fails)).best).toEqual([4, 3])
  })

  it('continues when a smaller choice makes another one removable', async () => {
    const failing = new Set(['2.3', '1.3', '1'])

    expect((await shrunk([2, 3], (choices) => failing.has(choices.join('.')))).best).toEqual([1])
  })

  it('removes the zeros at the end', async () => {
    expect((await shrunk([2, 0, 0, 0], (choices) => choices[0] === 2)).best).toEqual([2])
  })

  it('tries no more than necessary, and no choice below 0', async () => {
    const tried: string[] = []

    const best = await shrink([0, 5], async (choices) => {
      tried.push(choices.join('.'))
      return (choices[1] ?? 0) !== 0
    })

    expect(best).toEqual([0, 1])
    const first = ['', '0', '5', '0.0', '0.3', '0.1']
    const again = ['', '0', '1', '0.0']
    expect(tried).toEqual([...first, ...again])
  })

  it('stops after 2000 tries with the best schedule so far', async () => {
    const long = new Array<number>(1500).fill(1)
    const fails = (choices: readonly number[]) => choices.filter((choice) => choice === 1).length >= 1490

    const { best, tries } = await shrunk(long, fails)

    expect(tries).toBe(2000)
    expect(fails(best)).toBe(true)
  })

  it('returns choices that fail, for any failure', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const found = noise.map((choice, i) => (choice * seed + i) % 6)
      const digest = (choices: readonly number[]) =>
        trimmed(choices).reduce((sum, choice) => (sum * 3 + choice) % 1009, seed) % 7
      const fails = (choices: readonly number[]) => digest(choices) === digest(found)

      const { best } = await shrunk(found, fails)

      expect(fails(best)).toBe(true)
      expect(best.length).toBeLessThanOrEqual(found.length)
    }
  })
})

describe('trimmed', () => {
  it.each([
    [[], []],
    [[0, 0], []],
    [
      [0, 1, 0],
      [0, 1],
    ],
    [
      [1, 2],
      [1, 2],
    ],
  ])('of %j is %j', (choices, expected) => {
    expect(trimmed(choices)).toEqual(expected)
  })
})
