// The harness of all sweeps and random tests: it tries scenarios in every way in which they can be
// disturbed, counts, and says what was wrong and where.
//
// Add a scenario: an entry, with a title and a coroutine, in one of the lists of `kills/scenarios`
// or `faults/scenarios`. The sweep finds by itself where a kill can come, or which operations can
// fail. Add a check that holds after every run: `leftovers.ts`, which all plug-ins call. Add a
// sweep: a plug-in (`Sweep`) in a folder of its own with a suite beside it. `NAME.test.ts` calls
// the suite with FAST, so that the fast suite tries one disturbance in FAST; `NAME.long.ts` calls
// it with ALL, and reports the figures. Add a random test: a generator (an arbitrary of fast-check,
// which also makes smaller what fails) for `tryRandom`.
import type { Coroutine } from '@bluelet/scheduler'
import { everySchedule, type VirtualHost } from '@bluelet/scheduler/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Figure, record } from '../support/figures.js'

/** One in so many is tried. */
export const FAST = 20
export const ALL = 1

/** SEED=123 repeats what a failure has named. */
export const SEED: number = Number(process.env.SEED ?? 1)

/** More problems of one scenario say no more, and a run that hangs takes its time. */
const MAX_PROBLEMS = 10
/**
 * Longer than any random test takes in all, in milliseconds: what fails is then made no smaller.
 */
const MAX_TIME = 200_000
/** For tests that take seconds on a quiet machine, in milliseconds. */
const TIMEOUT = 60_000

/** What came of trying something. */
export interface Tally {
  /** How often it was tried. */
  readonly tried: number
  /** How often something was wrong. */
  readonly failed: number
  /** What was wrong, and where. */
  readonly problems: readonly string[]
}

/** A plug-in: a way to disturb scenarios of one kind, and what must hold nevertheless. */
export interface Sweep<Scenario, Run, Disturbance> {
  /** Runs a scenario to its end, with one disturbance or without any, and records what happens. */
  run(scenario: Scenario, disturbance?: Disturbance): Run | Promise<Run>
  /** All that could be disturbed, as a run without a disturbance shows it. */
  disturbances(undisturbed: Run): Iterable<Disturbance>
  /**
   * Says what was wrong in a run; `undisturbed` is the run without a disturbance, at first this run
   * itself.
   */
  judge(
    run: Run,
    scenario: Scenario,
    disturbance: Disturbance | undefined,
    undisturbed: Run,
  ): readonly string[]
  /** Names a disturbance for the reader of a report. */
  name(disturbance: Disturbance, run: Run): string
}

/**
 * Runs a scenario without a disturbance, then once for each disturbance, or for one in so many of
 * them.
 */
export async function sweep<Scenario, Run, Disturbance>(
  plugin: Sweep<Scenario, Run, Disturbance>,
  scenario: Scenario,
  oneIn = ALL,
): Promise<Tally> {
  const undisturbed = await plugin.run(scenario)
  const problems = plugin
    .judge(undisturbed, scenario, undefined, undisturbed)
    .map((problem) => `undisturbed: ${problem}`)
  let tried = 0
  let failed = 0
  let i = 0
  for (const disturbance of plugin.disturbances(undisturbed)) {
    if (problems.length >= MAX_PROBLEMS) break
    if (!isChosen(i++, oneIn)) continue
    const run = await plugin.run(scenario, disturbance)
    const found = plugin.judge(run, scenario, disturbance, undisturbed)
    tried++
    if (found.length > 0) failed++
    problems.push(...found.map((problem) => `${plugin.name(disturbance, run)}: ${problem}`))
  }
  return { tried, failed, problems }
}

/**
 * Chooses one in so many, spread by the golden ratio: every nth would miss what comes with the same
 * period.
 */
function isChosen(i: number, oneIn: number): boolean {
  return Math.imul(i, 0x9e3779b1) >>> 0 < 2 ** 32 / oneIn
}

/** Tries random values. The first that fails is made smaller, and ends the test. */
export async function tryRandom<T>(
  generator: fc.Arbitrary<T>,
  trial: (value: T) => Tally | Promise<Tally>,
  { runs, text }: { readonly runs: number; readonly text: (value: T) => string },
): Promise<Tally> {
  let tried = 0
  const property = fc.asyncProperty(generator, async (value) => {
    const tally = await trial(value)
    tried += tally.tried
    if (tally.problems.length > 0) throw new Error(tally.problems.join('\n'))
  })
  const details = await fc.check(property, {
    seed: SEED,
    numRuns: runs,
    interruptAfterTimeLimit: MAX_TIME,
    markInterruptAsFailure: true,
  })
  if (!details.failed) return { tried, failed: 0, problems: [] }
  const { counterexample, errorInstance } = details
  const what = counterexample === null ? 'it takes too long' : `${text(counterexample[0])}\n${errorInstance}`
  return { tried, failed: 1, problems: [`SEED=${SEED}, made smaller:\n${what}`] }
}

/**
 * Runs a program in every order of its steps. @returns how many orders there are, and every result
 * that it had
 */
export async function inEveryOrder<Result>(
  program: (world: VirtualHost) => Coroutine<Result>,
  limit = 100_000,
): Promise<{ readonly tried: number; readonly results: ReadonlySet<Result> }> {
  const results = new Set<Result>()
  const tried = await everySchedule(
    function* (world) {
      results.add(yield* program(world))
    },
    { limit },
  )
  return { tried, results }
}

/** The suite of a sweep: a test for each scenario, and one that counts. */
export interface SweepSuite<Scenario, Run, Disturbance> {
  readonly title: string
  /** What each scenario shows: `leaves nothing behind`. */
  readonly holds: string
  readonly scenarios: readonly Scenario[]
  /** Each scenario is swept by each of them. */
  readonly plugins: readonly Sweep<Scenario, Run, Disturbance>[]
  /** How many disturbances there are at least. */
  readonly atLeast: number
  readonly figure: Pick<Figure, 'what' | 'detail'>
}

export function describeSweep<Scenario extends { readonly title: string }, Run, Disturbance>(
  { title, holds, scenarios, plugins, atLeast, figure }: SweepSuite<Scenario, Run, Disturbance>,
  oneIn: number,
): void {
  describe(title, { timeout: TIMEOUT }, () => {
    withoutStacks()
    let tried = 0
    let failed = 0

    it.each(scenarios)(`${holds}: $title`, async (scenario) => {
      const tallies: Tally[] = []
      for (const plugin of plugins) tallies.push(await sweep(plugin, scenario, oneIn))

      for (const tally of tallies) {
        tried += tally.tried
        failed += tally.failed
      }
      expect(tallies.flatMap(({ problems }) => problems)).toEqual([])
    })

    it(`was tried ${atLeast / oneIn} times at least`, () => {
      expect(tried).toBeGreaterThanOrEqual(atLeast / oneIn)
      report({ ...figure, tried, failed }, oneIn)
    })
  })
}

/** A test of random values. */
export function itHolds(
  title: string,
  trial: () => Promise<Tally>,
  figure: Pick<Figure, 'what' | 'detail'> | ((tally: Tally) => Pick<Figure, 'what' | 'detail'>),
  oneIn: number,
): void {
  it(title, { timeout: oneIn === ALL ? MAX_TIME : TIMEOUT }, async () => {
    const tally = await trial()

    expect(tally.problems.join('\n\n')).toBe('')
    report({ ...(typeof figure === 'function' ? figure(tally) : figure), ...tally }, oneIn)
  })
}

/** Reports a figure of a run that has left nothing out. */
export function report({ what, tried, failed, detail }: Figure, oneIn: number): void {
  if (oneIn === ALL) record({ what, tried, failed, detail })
}

/**
 * Every kill and every fault makes an error, whose stack is never read, and which would be most of
 * its cost.
 */
export function withoutStacks(): void {
  const { stackTraceLimit } = Error
  beforeAll(() => {
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })
}
