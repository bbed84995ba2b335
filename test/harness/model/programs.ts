// What the tasks of a random program do: lists of actions, which fast-check makes, makes smaller,
// and prints.
import fc from 'fast-check'

/**
 * A wait that can also be one branch of a combination. Tasks and channels are numbers, taken modulo
 * how many there are.
 */
export type Part =
  | { readonly kind: 'pause' }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'join' | 'kill'; readonly task: number }
  | { readonly kind: 'send' | 'receive'; readonly channel: number }
  | { readonly kind: 'run'; readonly actions: readonly Action[] }

/** One thing that a task does. */
export type Action =
  | Part
  | { readonly kind: 'throw' }
  | { readonly kind: 'close'; readonly channel: number }
  /** Starts a task; runs a helper; catches what is thrown. */
  | { readonly kind: 'spawn' | 'delegate' | 'attempt'; readonly actions: readonly Action[] }
  /** Takes a permit, actions, and gives it back; with a time, gives up after that. */
  | { readonly kind: 'hold'; readonly ms: number | null; readonly actions: readonly Action[] }
  /** Actions with a clean-up. */
  | { readonly kind: 'guard'; readonly actions: readonly Action[]; readonly last: readonly Action[] }
  | { readonly kind: 'race' | 'all'; readonly parts: readonly Part[] }
  | { readonly kind: 'timeout'; readonly ms: number; readonly part: Part }

/** What the tasks do that are there from the beginning. */
export type Program = readonly (readonly Action[])[]

const number = fc.nat({ max: 5 })

// Weighted so that programs go on for some time: actions that wait for nothing are more frequent
// than those that may wait forever.
const simple: fc.Arbitrary<Part> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('join' as const), task: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), task: number }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), channel: number }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('receive' as const), channel: number }) },
)

const others: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('throw' as const) }),
  fc.record({ kind: fc.constant('close' as const), channel: number }),
)

const { actions } = fc.letrec<{ actions: readonly Action[]; action: Action; part: Part }>((tie) => ({
  actions: fc.array(tie('action'), { maxLength: 7, size: 'max', depthIdentifier: 'actions' }),
  part: fc.oneof(
    { weight: 3, arbitrary: simple },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('run' as const), actions: tie('actions') }) },
  ),
  action: fc.oneof(
    { depthSize: 'medium', maxDepth: 4, depthIdentifier: 'actions', withCrossShrink: true },
    { weight: 10, arbitrary: simple },
    { weight: 1, arbitrary: others },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'run' as const,
          'spawn' as const,
          'delegate' as const,
          'attempt' as const,
          'attempt' as const,
        ),
        actions: tie('actions'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('hold' as const),
        ms: fc.option(number),
        actions: tie('actions'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('guard' as const),
        actions: tie('actions'),
        last: tie('actions'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('race' as const, 'all' as const),
        parts: fc.array(tie('part'), { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('timeout' as const), ms: number, part: tie('part') }),
    },
  ),
}))

/** A random program. */
export const programs: fc.Arbitrary<Program> = fc.array(actions, { minLength: 1, maxLength: 6, size: 'max' })

/**
 * A random schedule, as a list of choices: it shrinks towards the order in which tasks become
 * ready.
 */
export const choices: fc.Arbitrary<readonly number[]> = fc.array(fc.nat({ max: 7 }), {
  maxLength: 64,
  size: 'max',
})
