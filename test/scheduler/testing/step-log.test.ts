import { type Coroutine, join, kill, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { StepLog } from '../../../packages/scheduler/src/testing/step-log.js'

/** The steps of a run as text. */
async function stepsOf(main: () => Coroutine, sites = false): Promise<string[]> {
  const scheduler = new Scheduler({ host: new VirtualHost(), sites })
  const log = new StepLog()
  scheduler.attach(log)
  await scheduler.run(main).catch(() => {})
  return log.lines()
}

describe('StepLog', () => {
  it('is empty at first', () => {
    expect(new StepLog().lines()).toEqual([])
  })

  it('has a line for each yield and for the end, in columns', async () => {
    const lines = await stepsOf(function* main() {
      const task = yield* spawn(function* grandchild() {
        yield* sleep(10)
      })
      yield* join(task)
    })

    expect(lines).toEqual([
      'main#1        spawn(grandchild)',
      'main#1        join(grandchild#2)',
      'grandchild#2  sleep(10)',
      'grandchild#2  ends',
      'main#1        ends',
    ])
  })

  it('shows that a task was killed', async () => {
    const lines = await stepsOf(function* main() {
      const task = yield* spawn(function* child() {
        yield* sleep(10)
      })
      yield* pause()
      yield* kill(task)
    })

    expect(lines.filter((line) => line.startsWith('child'))).toEqual([
      'child#2  sleep(10)',
      'child#2  is killed',
    ])
  })

  it('shows the first line of what a task threw', async () => {
    const lines = await stepsOf(function* main() {
      throw new TypeError('wrong\nin more than one line')
    })

    expect(lines).toEqual(['main#1  throws TypeError: wrong'])
  })

  it.each([
    ['a string', 'text'],
    ['nothing', undefined],
    ['an object without a prototype', Object.create(null)],
  ])('shows that a task threw %s', async (_name, thrown) => {
    const lines = await stepsOf(function* main() {
      throw thrown
    })

    expect(lines).toEqual([expect.stringMatching(/^main#1 {2}throws /)])
  })

  it('shows a value that cannot be yielded', async () => {
    const lines = await stepsOf(function* main() {
      yield 7 as never
    })

    expect(lines[0]).toBe('main#1  something that cannot be yielded')
    expect(lines[1]).toMatch(/^main#1 {2}throws TypeError/)
  })

  it('shows the place of each yield, if the scheduler records it', async () => {
    const lines = await stepsOf(function* main() {
      yield* sleep(10)
    }, true)

    expect(lines[0]).toMatch(/^main#1 {2}sleep\(10\) {2}main \(.*step-log\.test\.ts:\d+:\d+\)$/)
    expect(lines[1]).toBe('main#1  ends')
  })

  it('shows the place in a column that is as wide as the yielded events need', async () => {
    const lines = await stepsOf(function* main() {
      yield* sleep(10)
      yield* pause()
      throw new Error('that is longer than any yield')
    }, true)

    expect(lines.map((line) => line.indexOf('main ('))).toEqual([
      'main#1  sleep(10)  '.length,
      'main#1  sleep(10)  '.length,
      -1,
    ])
  })

  it('shows where the innermost coroutine yielded', async () => {
    const lines = await stepsOf(function* main() {
      yield (function* callee(): Coroutine<void> {
        yield* sleep(10)
      })()
    }, true)

    expect(lines.find((line) => line.includes('sleep(10)'))).toContain('  callee (')
  })

  it('shows only the last 40 lines, and the number of lines that it omits', async () => {
    const lines = await stepsOf(function* main() {
      for (let ms = 1; ms <= 100; ms++) yield* sleep(ms)
    })

    expect(lines).toHaveLength(41)
    expect(lines[0]).toBe('... 61 steps before')
    expect(lines[1]).toBe('main#1  sleep(62)')
    expect(lines.at(-1)).toBe('main#1  ends')
  })

  it('shows all of 40 lines', async () => {
    const lines = await stepsOf(function* main() {
      for (let ms = 1; ms < 40; ms++) yield* sleep(ms)
    })

    expect(lines).toHaveLength(40)
    expect(lines[0]).toBe('main#1  sleep(1)')
  })
})
