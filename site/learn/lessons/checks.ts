/**
 * The checks of lessons: what must be true of a run. Each has a name and an argument, so that a
 * lesson is data: JSON can ask for nothing but these.
 */

import type { Trace } from '@bluelet/scheduler/trace'
import type { Report } from '../playground/protocol.js'

/** A run, as checks see it. */
export interface Outcome {
  readonly trace: Trace
  readonly end: Report['end']
  /**
   * Whether the program fails under another order of its steps; undefined if that was not tried.
   */
  readonly failing?: string | null
}

/** The checks and their arguments. */
export interface Checks {
  /** The program ends, without an error. */
  readonly ends?: true
  /** The program fails with an error that contains this. */
  readonly fails?: string
  /** A limit is reached before the program ends. */
  readonly stopped?: true
  /** These lines are the whole output. */
  readonly output?: readonly string[]
  /** These lines are printed, among others. */
  readonly prints?: readonly string[]
  /** The one line is printed before the other one. */
  readonly order?: readonly [first: string, second: string]
  /** A task waits at an event of this name, such as `sleep`. */
  readonly waitsFor?: string
  /** No task ever waits at an event of this name. */
  readonly neverWaitsFor?: string
  /** The first task is woken by the second one. Tasks are named as in the trace, without `#`. */
  readonly wokenBy?: readonly [task: string, by: string]
  /** No more steps than these are taken. */
  readonly withinSteps?: number
  /** The last event is not later than this, in milliseconds of virtual time. */
  readonly withinTime?: number
  /** The last event is not earlier than this, in milliseconds of virtual time. */
  readonly takesTime?: number
  /** No order of the steps makes the program fail. It is the only check for which it runs often. */
  readonly everySchedule?: true
}

/** The name of a check. */
export type CheckName = keyof Checks

type Test<K extends CheckName> = (outcome: Outcome, argument: NonNullable<Checks[K]>) => string | null

/** What is wrong; null if it is right. */
const TESTS: { readonly [K in CheckName]-?: Test<K> } = {
  ends: ({ end }) =>
    end.how === 'returned' ? null : `The program must end. ${end.message ?? 'It was stopped.'}`,
  fails: ({ end }, text) =>
    (end.message ?? '').includes(text) ? null : `The program must fail with: ${text}`,
  stopped: ({ end }) => (/^(steps|time|hang)$/.test(end.how) ? null : 'The program must not end by itself.'),
  output: ({ trace }, lines) =>
    printed(trace).join('\n') === lines.join('\n') ? null : `The output must be: ${lines.join(' / ')}`,
  prints: ({ trace }, lines) => {
    const missing = lines.find((line) => !printed(trace).includes(line))
    return missing === undefined ? null : `This must be printed: ${missing}`
  },
  order: ({ trace }, [first, second]) => {
    const lines = printed(trace)
    const [a, b] = [lines.indexOf(first), lines.indexOf(second)]
    return a >= 0 && b > a ? null : `“${first}” must be printed before “${second}”.`
  },
  waitsFor: ({ trace }, op) => (waits(trace).has(op) ? null : `A task must wait for ${op}.`),
  neverWaitsFor: ({ trace }, op) => (waits(trace).has(op) ? `No task may wait for ${op}.` : null),
  wokenBy: ({ trace }, [task, by]) => {
    const names = new Map(trace.events.flatMap((e) => (e.e === 'spawn' ? [[e.co, e.name] as const] : [])))
    const woken = trace.events.some(
      (e) => e.e === 'wake' && names.get(e.co) === task && e.by.kind === 'task' && names.get(e.by.co) === by,
    )
    return woken ? null : `${task} must be woken by ${by}.`
  },
  withinSteps: ({ trace }, most) => {
    const steps = trace.events.filter(({ e }) => e === 'resume').length
    return steps <= most ? null : `It takes ${steps.toLocaleString('en')} steps; ${most} are enough.`
  },
  withinTime: ({ trace }, ms) => (last(trace) <= ms ? null : `It takes ${last(trace)} ms; ${ms} are enough.`),
  takesTime: ({ trace }, ms) =>
    last(trace) >= ms ? null : `It takes ${last(trace)} ms, and must take ${ms}.`,
  everySchedule: ({ failing }) =>
    failing === null
      ? null
      : failing === undefined
        ? 'Every order of the steps has to be tried.'
        : `There is an order of the steps in which it fails: ${failing === '' ? 'the usual one' : failing}.`,
}

/** What is wrong with a run, check by check; nothing if all is right. */
export function wrong(checks: Checks, outcome: Outcome): string[] {
  return Object.entries(checks).flatMap(([name, argument]) => {
    const test = TESTS[name as CheckName] as Test<CheckName> // The argument is that of the check.
    return test(outcome, argument as never) ?? []
  })
}

/** Whether checks need every order of the steps. */
export function needsExploration({ everySchedule }: Checks): boolean {
  return everySchedule === true
}

/** The checks that a value asks for; null if one of them is none. */
export function checksIn(value: unknown): Checks | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const fit = Object.entries(value).every(([name, argument]) => {
    return Object.hasOwn(ARGUMENTS, name) && ARGUMENTS[name as CheckName](argument)
  })
  return fit ? (value as Checks) : null // Each of them is a check with its argument.
}

const isTrue = (value: unknown): boolean => value === true
const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= 1_000
const isCount = (value: unknown): boolean => typeof value === 'number' && value >= 0
const areTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= 100 && value.every(isText)
const isPair = (value: unknown): boolean => areTexts(value) && (value as unknown[]).length === 2

const ARGUMENTS: Readonly<Record<CheckName, (argument: unknown) => boolean>> = {
  ...{ ends: isTrue, stopped: isTrue, everySchedule: isTrue },
  ...{ fails: isText, waitsFor: isText, neverWaitsFor: isText },
  ...{ output: areTexts, prints: areTexts, order: isPair, wokenBy: isPair },
  ...{ withinSteps: isCount, withinTime: isCount, takesTime: isCount },
}

function printed({ events }: Trace): string[] {
  return events.flatMap((event) => (event.e === 'log' ? [event.text] : []))
}

/** The names of the events at which a task has waited. */
function waits({ events }: Trace): Set<string> {
  const yielded = new Map<number, string>()
  const found = new Set<string>()
  for (const event of events) {
    if (event.e === 'yield') yielded.set(event.co, event.op)
    if (event.e === 'park') found.add(yielded.get(event.co) ?? '')
  }
  return found
}

function last({ events }: Trace): number {
  return events.at(-1)?.t ?? 0
}
