// Tasks that do nothing but take steps, in every order.
import { all, type Coroutine, pause } from '@bluelet/scheduler'
import { inEveryOrder } from './harness.js'

/** What came of it. */
export interface Interleavings {
  readonly tried: number
  /** Each order that there was, as the numbers of the tasks that stepped. */
  readonly orders: ReadonlySet<string>
  /** In how many runs a step was missing, or came before the one that its task takes before it. */
  readonly failed: number
}

/** Runs some tasks of some steps each under every schedule. */
export async function interleavings(tasks: number, steps: number): Promise<Interleavings> {
  let failed = 0
  function* program(): Coroutine<string> {
    let order = ''
    const taken = new Array<number>(tasks).fill(0)
    function* stepper(n: number): Coroutine<void> {
      for (let i = 0; i < steps; i++) {
        if (i > 0) yield* pause()
        if (taken[n]!++ !== i) failed++
        order += n
      }
    }
    yield* all(taken.map((_, n) => stepper(n)))
    if (order.length !== tasks * steps) failed++
    return order
  }
  const { tried, results } = await inEveryOrder(program, 1_000_000)
  return { tried, orders: results, failed }
}
