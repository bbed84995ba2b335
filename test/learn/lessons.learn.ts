// The lessons, graded without a browser: each program is wrong in the way that its lesson says, and
// its solution is right.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Checks,
  checksIn,
  needsExploration,
  type Outcome,
  wrong,
} from '../../site/learn/lessons/checks.js'
import { type Lesson, lessonIn } from '../../site/learn/lessons/lesson.js'
import { play, program, root } from './headless.js'

const FOLDER = path.join(root, 'site/learn/lessons')

/** A lesson as its file has it. */
interface LessonFile extends Lesson {
  readonly file: string
  readonly solution: string
  readonly seed: number
}

const LESSONS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8')) as LessonFile)

/** What comes of a program, as the page finds it out for some checks. */
async function outcomeOf(file: string, checks: Checks): Promise<Outcome> {
  const text = readFileSync(path.join(FOLDER, file), 'utf8')
  const { trace, end } = await play(program(text))
  if (!needsExploration(checks)) return { trace, end }
  const { explored } = await play(program(text), { kind: 'explore' })
  const { failing = null, all = false } = explored ?? {}
  return failing === null && !all ? { trace, end } : { trace, end, failing }
}

describe('the lessons', () => {
  it('are of the five mistakes', () => {
    expect(LESSONS.map(({ title }) => title).sort()).toEqual([
      'A busy loop',
      'A deadlock',
      'A forgotten yield',
      'A lost wake-up',
      'A race',
    ])
  })

  it.each(LESSONS)('can be read by the page: $title', (lesson) => {
    const read = lessonIn(lesson)

    expect(read).not.toBeNull()
    expect(read?.steps).toEqual(lesson.steps)
    expect(lesson.steps.some(({ edit }) => edit === true)).toBe(true)
  })

  it.each(LESSONS)('begin with a program that is as they say: $title', async ({ file, steps }) => {
    for (const { check, edit } of steps.filter((step) => step.edit !== true)) {
      expect(edit).toBeUndefined()
      expect(wrong(check, await outcomeOf(file, check))).toEqual([])
    }
  })

  it.each(LESSONS)(
    'end when the program is right, and not before: $title',
    async ({ file, solution, steps }) => {
      for (const { check } of steps.filter((step) => step.edit === true)) {
        expect(wrong(check, await outcomeOf(file, check))).not.toEqual([])
        expect(wrong(check, await outcomeOf(solution, check))).toEqual([])
      }
    },
  )

  it.each(LESSONS)('have a solution that is a small change: $title', ({ file, solution }) => {
    const lines = (name: string) => readFileSync(path.join(FOLDER, name), 'utf8').split('\n')
    const before = new Set(lines(file))

    expect(lines(solution).filter((line) => !before.has(line)).length).toBeLessThanOrEqual(6)
    expect(lines(file).length).toBeLessThanOrEqual(40)
  })
})

describe('a check', () => {
  const outcome = (text: string) => play(program(text)).then(({ trace, end }) => ({ trace, end }))
  const PROGRAM = `import { type Coroutine, join, Latch, run, sleep, spawn } from '@bluelet/scheduler'
const gate = new Latch()
function* keeper(): Coroutine<void> {
  yield* sleep(50)
  gate.open()
}
function* guest(): Coroutine<void> {
  yield* gate.wait()
  console.log('in')
}
await run(function* main() {
  const guests = yield* spawn(guest)
  yield* spawn(keeper)
  yield* join(guests)
  console.log('home')
})
`

  it.each<[Checks, Checks]>([
    [{ ends: true }, { fails: 'Error' }],
    [{ output: ['in', 'home'] }, { output: ['home', 'in'] }],
    [{ prints: ['home'] }, { prints: ['out'] }],
    [{ order: ['in', 'home'] }, { order: ['home', 'in'] }],
    [{ waitsFor: 'latch.wait' }, { neverWaitsFor: 'latch.wait' }],
    [{ neverWaitsFor: 'recv' }, { waitsFor: 'recv' }],
    [{ wokenBy: ['guest', 'keeper'] }, { wokenBy: ['keeper', 'guest'] }],
    [{ withinSteps: 20 }, { withinSteps: 3 }],
    [{ withinTime: 50 }, { withinTime: 49 }],
    [{ takesTime: 50 }, { takesTime: 51 }],
    [{}, { stopped: true }],
    [{}, { everySchedule: true }],
  ])('tells %j from %j', async (right, not) => {
    const found = await outcome(PROGRAM)

    expect(wrong(right, found)).toEqual([])
    expect(wrong(not, found)).toHaveLength(1)
  })

  it('is one of those that exist, with an argument of its kind', () => {
    expect(checksIn({ ends: true, order: ['a', 'b'] })).not.toBeNull()
    for (const bad of [
      null,
      [],
      { ends: false },
      { order: ['a'] },
      { eval: 'x' },
      { __proto__: null, toString: 1 },
    ]) {
      expect(checksIn(bad)).toBeNull()
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const lesson = lessonIn(value)
        if (lesson !== null) expect(lesson.steps.length).toBeGreaterThan(0)
      }),
    )
  })
})
