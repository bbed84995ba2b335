// The oracle of kills, promise 6 of the design: random programs, each killed after each of its steps, do what plain functions
// that know neither generators nor tasks say they must.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { type KilledTrace, runKilled } from './oracle/kills.js'
import { predict } from './oracle/prediction.js'
import { generate, type Statement, textOf, type Vocabulary } from './oracle/programs.js'
import { shrink } from './oracle/shrink.js'
import { KILLED_CALL_COUNT } from './oracle/trampoline.js'

const PROGRAMS = 12_000
/** Loops within loops take thousands of steps, which are all alike. */
const MOST_STEPS = 40
/** SEED=123 begins with the program that a failure has named. */
const SEED = Number(process.env.SEED ?? 1)

const VOCABULARY: Vocabulary = {
  simple: ['log', 'add', 'pause', 'give', 'fail', 'sleep', 'sleep', 'child'],
  compound: ['call', 'call', 'call', 'try', 'try', 'try', 'loop'],
  leaving: ['throw', 'rethrow', 'rethrow', 'return', 'break', 'continue', 'end'],
  calls: KILLED_CALL_COUNT,
}

function same(a: KilledTrace, b: KilledTrace): boolean {
  if (a.killed !== b.killed || a.end !== b.end || a.log.length !== b.log.length) return false
  return a.log.every((line, i) => line === b.log[i])
}

/** Kills a program after each of its first steps. */
function sweep(program: Statement): { readonly points: number; readonly wrong: number | undefined } {
  for (let points = 0; points < MOST_STEPS; points++) {
    const trace = runKilled(program, points)
    if (!same(trace, predict(program, points))) return { points, wrong: points }
    if (!trace.killed) return { points, wrong: undefined }
  }
  return { points: MOST_STEPS, wrong: undefined }
}

function report(seed: number, program: Statement): string {
  const small = shrink(program, (candidate) => sweep(candidate).wrong !== undefined)
  const steps = sweep(small).wrong ?? 0
  const traces = { predicted: predict(small, steps), scheduler: runKilled(small, steps) }
  return `SEED=${seed}, killed after ${steps} steps\n${textOf(small)}\n${JSON.stringify(traces, null, 2)}`
}

describe('a program of coroutines that is killed', () => {
  const { stackTraceLimit } = Error
  beforeAll(() => {
    // Every kill makes an error, whose stack nobody looks at, and which would be the most of its cost.
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it('ends as it must, at whatever step the kill comes', () => {
    const reports: string[] = []
    let tried = 0

    for (let seed = SEED; seed < SEED + PROGRAMS && reports.length < 3; seed++) {
      const program = generate(seed, VOCABULARY)
      const { points, wrong } = sweep(program)
      tried += points
      if (wrong !== undefined) reports.push(report(seed, program))
    }

    expect(reports.join('\n\n')).toBe('')
    record({
      what: 'oracle kill points',
      tried,
      failed: 0,
      detail: `the first ${MOST_STEPS} steps of ${PROGRAMS} random programs from seed ${SEED}`,
    })
  }, 60_000)
})
