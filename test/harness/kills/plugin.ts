// The sweep: plays a scenario once to see where a kill could come, then once for each of these points with a kill there.
import type { SimulationOptions } from '@bluelet/net/testing'
import { type Coroutine, KilledError, type Task } from '@bluelet/scheduler'
import { type Point, Stage } from './harness.js'

type ErrorClass = new (...args: any[]) => Error

/** More of them say no more, and a run that hangs takes its time. */
const MOST_PROBLEMS = 10

/** What is played. */
export interface Scenario {
  readonly title: string
  /** What its world is like. */
  readonly world?: SimulationOptions
  /** The errors that its tasks may have when one of them is killed; that of a join may come always. */
  readonly follows?: readonly ErrorClass[]
  /** Makes the main coroutine. */
  readonly play: (stage: Stage) => Coroutine
}

export interface SweepResult {
  /** How many kills there were. */
  readonly points: number
  /** After how many of them something was wrong. */
  readonly failed: number
  /** What was wrong, and with which of them. */
  readonly problems: readonly string[]
}

/** Kills every task of a scenario at every one of its yields. */
export async function sweep(scenario: Scenario): Promise<SweepResult> {
  const rehearsal = new Stage(undefined, scenario.world)
  await rehearsal.play(scenario.play(rehearsal))
  const unhurt = [
    ...rehearsal.problems,
    ...rehearsal.cast.failures.map(({ error }) => error),
    ...rehearsal.world.reports,
  ].map((problem) => `without a kill: ${problem}`)
  const problems: string[] = [...unhurt]
  let points = 0
  let failed = 0
  for (const point of rehearsal.points) {
    if (problems.length >= MOST_PROBLEMS) break
    points++
    const stage = new Stage(point, scenario.world)
    await stage.play(scenario.play(stage))
    const found = problemsOf(stage, scenario, point)
    if (found.length > 0) failed++
    problems.push(...found.map((problem) => `${nameOf(point, stage)}: ${problem}`))
  }
  return { points, failed, problems }
}

function problemsOf(stage: Stage, scenario: Scenario, point: Point): string[] {
  const { victim, problems, points, cast, world } = stage
  if (points.length !== 1 || victim === undefined) return [...problems, 'it was not reached']
  const follows = [KilledError, ...(scenario.follows ?? [])]
  const isKnown = (error: unknown) => follows.some((known) => error instanceof known)
  const errors = [...cast.failures.map(({ error }) => error), ...world.reports]
  const found = [
    ...problems,
    ...errors.filter((error) => !isKnown(error)).map((error) => `there was ${error}`),
  ]
  const failed = new Set(cast.failures.map(({ task }) => task))
  const twice = failed.size < cast.failures.length || new Set(world.reports).size < world.reports.length
  if (twice) found.push('an error was reported twice')
  return [...found, ...problemsOfVictim(stage, victim, point, isKnown)]
}

function problemsOfVictim(
  { woken }: Stage,
  { outcome }: Task,
  { when }: Point,
  isKnown: (error: unknown) => boolean,
): string[] {
  const found: string[] = []
  if (!woken.has('killer')) found.push('the killer was not woken')
  if (!woken.has('joiner')) found.push('the joiner was not woken')
  const joined = woken.get('joiner')
  switch (outcome?.kind) {
    case undefined:
      return [...found, 'the victim has not ended']
    case 'killed':
      if (!(joined instanceof KilledError)) found.push(`the joiner was woken with ${joined}`)
      break
    case 'threw':
      if (joined !== outcome.error)
        found.push(`the joiner was woken with ${joined}, not with ${outcome.error}`)
      if (!isKnown(outcome.error)) found.push(`the victim threw ${outcome.error}`)
      break
    case 'returned':
      if (when === 'new') found.push('the victim has begun after its kill')
      if (joined !== undefined) found.push(`the joiner was woken with ${joined}`)
  }
  return found
}

function nameOf({ when, step, time }: Point, { victim }: Stage): string {
  const where = when === 'meanwhile' ? `, time ${time}` : ''
  return `${victim} killed ${when}, step ${step}${where}`
}
