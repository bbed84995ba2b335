// Random trees of combinations, whose leaves are what may be delivered: a message, a permit, or a
// value that was made for its waiter.
import fc from 'fast-check'

/** What a task waits for. */
export type Tree =
  /** A message of a channel, taken modulo how many there are; a permit. */
  | { readonly kind: 'receive'; readonly channel: number }
  | { readonly kind: 'acquire' }
  /** A value that is made after some time, and that is lost if it is not disposed of. */
  | { readonly kind: 'make'; readonly ms: number }
  /** Nothing, or an error, after some time. */
  | { readonly kind: 'sleep' | 'fail'; readonly ms: number }
  | { readonly kind: 'race'; readonly trees: readonly Tree[] }
  | { readonly kind: 'all' | 'allSettled'; readonly trees: readonly Tree[]; readonly limit: number | null }
  | { readonly kind: 'timeout'; readonly ms: number; readonly tree: Tree }
  /** A coroutine that waits for a tree and returns what it was given: as a branch. */
  | { readonly kind: 'call' | 'shield'; readonly tree: Tree }
  /** A group whose body does that, and in which other tasks keep what they are given. */
  | {
      readonly kind: 'group'
      readonly tree: Tree
      readonly others: readonly Tree[]
      readonly limit: number | null
    }

/** What a task does: in a clean-up of its own, too, if it has one. */
export interface Receiver {
  readonly trees: readonly Tree[]
  readonly last: Tree | null
}

/** What happens at a time: a message is sent, a task is killed, a permit comes back. */
export type Happening =
  | { readonly kind: 'send'; readonly ms: number; readonly channel: number }
  | { readonly kind: 'kill'; readonly ms: number; readonly receiver: number; readonly grace: number }
  | { readonly kind: 'close'; readonly ms: number; readonly channel: number }

export interface Program {
  readonly receivers: readonly Receiver[]
  readonly happenings: readonly Happening[]
  /** The choices of the schedule. */
  readonly choices: readonly number[]
}

const ms = fc.nat({ max: 6 })
const channel = fc.nat({ max: 1 })
const limit = fc.option(fc.integer({ min: 1, max: 2 }))

const { tree } = fc.letrec<{ tree: Tree; trees: readonly Tree[] }>((tie) => ({
  trees: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive' as const), channel }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'acquire' as const }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('make' as const), ms }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('sleep' as const, 'fail' as const), ms }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('race' as const), trees: tie('trees') }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('all' as const, 'allSettled' as const),
        trees: tie('trees'),
        limit,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('timeout' as const), ms, tree: tie('tree') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('call' as const, 'shield' as const),
        tree: tie('tree'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('group' as const),
        tree: tie('tree'),
        others: fc.array(tie('tree'), { maxLength: 2 }),
        limit,
      }),
    },
  ),
}))

const receiver: fc.Arbitrary<Receiver> = fc.record({
  trees: fc.array(tree, { minLength: 1, maxLength: 3 }),
  last: fc.option(tree, { freq: 3 }),
})

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), ms, channel }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('kill' as const), ms, receiver: fc.nat({ max: 5 }), grace: ms }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), ms, channel }) },
)

export const programs: fc.Arbitrary<Program> = fc.record({
  receivers: fc.array(receiver, { minLength: 1, maxLength: 4 }),
  happenings: fc.array(happening, { maxLength: 8 }),
  choices: fc.array(fc.nat({ max: 7 }), { maxLength: 32 }),
})
