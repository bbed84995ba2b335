// What the tasks of a random play do: lists of acts, which fast-check makes, makes smaller, and prints.
import fc from 'fast-check'

/** A wait that can also be one branch of a combination. Tasks and channels are numbers, taken modulo how many there are. */
export type Part =
  | { readonly act: 'pause' }
  | { readonly act: 'sleep'; readonly ms: number }
  | { readonly act: 'join' | 'kill'; readonly task: number }
  | { readonly act: 'send' | 'receive'; readonly channel: number }
  | { readonly act: 'run'; readonly acts: readonly Act[] }

/** One thing that a task does. */
export type Act =
  | Part
  | { readonly act: 'throw' }
  | { readonly act: 'close'; readonly channel: number }
  /** Starts a task; runs a helper; catches what is thrown. */
  | { readonly act: 'spawn' | 'delegate' | 'attempt'; readonly acts: readonly Act[] }
  /** Takes a permit, acts, and gives it back; with a time, gives up after that. */
  | { readonly act: 'hold'; readonly ms: number | null; readonly acts: readonly Act[] }
  /** Acts with a clean-up. */
  | { readonly act: 'guard'; readonly acts: readonly Act[]; readonly last: readonly Act[] }
  | { readonly act: 'race' | 'all'; readonly parts: readonly Part[] }
  | { readonly act: 'timeout'; readonly ms: number; readonly part: Part }

/** What the tasks do that are there from the beginning. */
export type Play = readonly (readonly Act[])[]

const number = fc.nat({ max: 5 })

// Weighted so that plays go on for some time: what waits for nothing more often than what may wait for ever.
const simple: fc.Arbitrary<Part> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant('pause' as const) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('sleep' as const), ms: number }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('join' as const), task: number }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('kill' as const), task: number }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('send' as const), channel: number }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('receive' as const), channel: number }) },
)

const others: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ act: fc.constant('throw' as const) }),
  fc.record({ act: fc.constant('close' as const), channel: number }),
)

const { acts } = fc.letrec<{ acts: readonly Act[]; act: Act; part: Part }>((tie) => ({
  acts: fc.array(tie('act'), { maxLength: 7, size: 'max', depthIdentifier: 'acts' }),
  part: fc.oneof(
    { weight: 3, arbitrary: simple },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('run' as const), acts: tie('acts') }) },
  ),
  act: fc.oneof(
    { depthSize: 'medium', maxDepth: 4, depthIdentifier: 'acts', withCrossShrink: true },
    { weight: 10, arbitrary: simple },
    { weight: 1, arbitrary: others },
    {
      weight: 3,
      arbitrary: fc.record({
        act: fc.constantFrom(
          'run' as const,
          'spawn' as const,
          'delegate' as const,
          'attempt' as const,
          'attempt' as const,
        ),
        acts: tie('acts'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant('hold' as const),
        ms: fc.option(number),
        acts: tie('acts'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant('guard' as const), acts: tie('acts'), last: tie('acts') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        act: fc.constantFrom('race' as const, 'all' as const),
        parts: fc.array(tie('part'), { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant('timeout' as const), ms: number, part: tie('part') }),
    },
  ),
}))

/** A random play. */
export const plays: fc.Arbitrary<Play> = fc.array(acts, { minLength: 1, maxLength: 6, size: 'max' })

/** A random schedule, as a list of choices: it shrinks towards the order in which tasks become ready. */
export const choices: fc.Arbitrary<readonly number[]> = fc.array(fc.nat({ max: 7 }), {
  maxLength: 64,
  size: 'max',
})
