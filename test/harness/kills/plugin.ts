// The kill sweep: runs a scenario once to see where a kill could come, then once for each of these
// points with a kill there.
import type { SimulationOptions } from '@bluelet/net/testing'
import { type Coroutine, KilledError, type Task } from '@bluelet/scheduler'
import type { Sweep } from '../harness.js'
import type { Transport } from '../transport.js'
import { isShielded, KillHarness, type Point } from './harness.js'

type ErrorClass = new (...args: any[]) => Error

/** What is run. */
export interface Scenario {
  readonly title: string
  /** What its world is like. */
  readonly world?: SimulationOptions
  /**
   * The errors that its tasks may have when one of them is killed; that of a join may come always.
   */
  readonly follows?: readonly ErrorClass[]
  /** Makes the main coroutine. */
  readonly run: (harness: KillHarness) => Coroutine
}

/**
 * Kills every task of a scenario at every one of its yields.
 *
 * @param transport what its connections are over. Default: the bare network
 */
export function kills(transport?: Transport): Sweep<Scenario, KillHarness, Point> {
  return {
    async run(scenario, point) {
      const harness = new KillHarness(point, scenario.world, transport)
      await harness.run(scenario.run(harness))
      return harness
    },
    disturbances: ({ points }) => points,
    judge: (harness, scenario, point) =>
      point === undefined ? problemsOfUndisturbed(harness) : problemsOf(harness, scenario, point),
    name({ when, step, time }, { victim }) {
      const where = when === 'meanwhile' ? `, time ${time}` : ''
      return `${victim} killed ${when}, step ${step}${where}`
    },
  }
}

function problemsOfUndisturbed({ problems, tasks, world }: KillHarness): string[] {
  return [...problems, ...tasks.failures.map(({ error }) => String(error)), ...world.reports.map(String)]
}

function problemsOf(harness: KillHarness, scenario: Scenario, point: Point): string[] {
  const { victim, problems, points, tasks, world } = harness
  if (points.length !== 1 || victim === undefined) return [...problems, 'it was not reached']
  const follows = [KilledError, ...(scenario.follows ?? [])]
  const isKnown = (error: unknown) => follows.some((known) => error instanceof known)
  const errors = [...tasks.failures.map(({ error }) => error), ...world.reports]
  const found = [
    ...problems,
    ...errors.filter((error) => !isKnown(error)).map((error) => `there was ${error}`),
  ]
  const failed = new Set(tasks.failures.map(({ task }) => task))
  const twice = failed.size < tasks.failures.length || new Set(world.reports).size < world.reports.length
  if (twice) found.push('an error was reported twice')
  return [...found, ...problemsOfVictim(harness, victim, point, isKnown)]
}

function problemsOfVictim(
  { woken }: KillHarness,
  victim: Task,
  { when }: Point,
  isKnown: (error: unknown) => boolean,
): string[] {
  const { outcome } = victim
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
      if (when === 'new' && !isShielded(victim)) found.push('the victim has begun after its kill')
      if (joined !== undefined) found.push(`the joiner was woken with ${joined}`)
  }
  return found
}
