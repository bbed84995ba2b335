// The differential oracle: random programs do the same by the scheduler as by the engine's own recursion. It finds values and
// errors that reach the wrong coroutine, which no example of ours would think of.
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import type { Trace } from './oracle/interpreter.js'
import { runNatively } from './oracle/native.js'
import { generate, type Statement, textOf, type Vocabulary } from './oracle/programs.js'
import { shrink } from './oracle/shrink.js'
import { CALL_COUNT, runByScheduler } from './oracle/trampoline.js'

const PROGRAMS = 100_000
/** SEED=123 begins with the program that a failure has named. */
const SEED = Number(process.env.SEED ?? 1)
/** Programs that run side by side in one scheduler: they must not notice each other. */
const BATCH = 20
/** One batch in so many is run twice. */
const REPEATED = 10

const VOCABULARY: Vocabulary = {
  simple: ['log', 'log', 'add', 'pause', 'pause', 'give', 'give', 'fail'],
  compound: ['call', 'call', 'call', 'call', 'try', 'try', 'loop'],
  leaving: ['throw', 'throw', 'rethrow', 'rethrow', 'return', 'break', 'continue', 'end'],
  calls: CALL_COUNT,
}

function batchOf(seed: number): Statement[] {
  return Array.from({ length: BATCH }, (_, i) => generate(seed + i, VOCABULARY))
}

function same(a: Trace, b: Trace | undefined): boolean {
  return a.end === b?.end && a.log.length === b.log.length && a.log.every((line, i) => line === b.log[i])
}

function differs(program: Statement): boolean {
  return !same(runNatively(program), runByScheduler([program])[0])
}

/** What there is to say of a program that did not do the same; alone it may do so. */
function report(seed: number, program: Statement): string {
  const small = differs(program) ? shrink(program, differs) : program
  const traces = { native: runNatively(small), scheduler: runByScheduler([small])[0] }
  return `SEED=${seed}\n${textOf(small)}\n${JSON.stringify(traces, null, 2)}`
}

describe('a program of coroutines', () => {
  it('does the same by the scheduler as by the recursion of the engine', () => {
    const reports: string[] = []
    let tried = 0

    for (let seed = SEED; tried < PROGRAMS && reports.length < 3; seed += BATCH) {
      const programs = batchOf(seed)
      const traces = runByScheduler(programs)
      for (const [i, program] of programs.entries()) {
        tried++
        if (!same(runNatively(program), traces[i])) reports.push(report(seed + i, program))
      }
    }

    expect(reports.join('\n\n')).toBe('')
    record({ what: 'oracle programs', tried, failed: 0, detail: `random coroutines from seed ${SEED}` })
  }, 60_000)

  it('takes the same steps each time', () => {
    const different: number[] = []
    let tried = 0

    for (let seed = SEED; tried < PROGRAMS / REPEATED; seed += BATCH * REPEATED) {
      const steps: [string[], string[]] = [[], []]
      const traces = steps.map((each) => runByScheduler(batchOf(seed), each))
      tried += BATCH
      if (!isDeepStrictEqual(traces[0], traces[1]) || !isDeepStrictEqual(...steps)) different.push(seed)
    }

    expect(different).toEqual([])
    record({ what: 'oracle repeats', tried, failed: 0, detail: `the same from seed ${SEED}, twice` })
  }, 60_000)
})
