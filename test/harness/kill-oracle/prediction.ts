// The reference for kills: what a program that is killed must do, worked out by plain functions
// that call each other.
import { Failures, type Frame, Leaving, leave, sum } from '../oracle/frame.js'
import type { Block, Kind, Statement } from '../oracle/programs.js'
import { DELEGATE, FIRST_BRANCH } from '../oracle/trampoline.js'
import { KillModel, outcomeOf, Returning } from './kill-model.js'
import { graceOf, type KilledTrace } from './kills.js'

/**
 * What a program must do when it is killed.
 *
 * @param steps how many steps of any task come before the kill
 */
export function predict(program: Statement, steps: number): Omit<KilledTrace, 'steps'> {
  return new Prediction(new KillModel(steps, graceOf(program))).run(program)
}

class Prediction {
  readonly #log: string[]
  readonly #failures: Failures
  readonly #model: KillModel

  constructor(model: KillModel) {
    this.#log = []
    this.#failures = new Failures()
    this.#model = model
  }

  run(program: Statement): Omit<KilledTrace, 'steps'> {
    const end = this.#model.task(() => this.#coroutine(program, 0))
    const label = (value: unknown) => this.#failures.label(value)
    const text =
      end.kind === 'returned'
        ? `returned ${label(end.value)}`
        : end.kind === 'threw'
          ? `threw ${label(end.error)}`
          : 'killed'
    return { log: this.#log, end: text, killed: end.killedFirst }
  }

  #coroutine(statement: Statement, x: unknown): unknown {
    return outcomeOf(() => this.#attempt(statement, { x, error: undefined }, true))
  }

  #attempt({ body, caught, last }: Statement, frame: Frame, whole: boolean): unknown {
    try {
      return leave(this.#block(body, frame), frame, whole)
    } catch (error) {
      if (caught === null || error instanceof Returning) throw error
      frame.error = error
      this.#log.push(`catch ${this.#failures.label(error)}`)
      return leave(this.#block(caught, frame), frame, whole)
    } finally {
      if (last !== null) {
        this.#log.push(`finally ${this.#failures.label(frame.x)}`)
        const leaving = this.#block(last, frame)
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        if (leaving instanceof Leaving) return leave(leaving, frame, whole)
      }
    }
  }

  #block(block: Block, frame: Frame): unknown {
    for (const statement of block) {
      const { kind, n } = statement
      switch (kind) {
        case 'log':
          this.#log.push(`${n}: ${this.#failures.label(frame.x)}`)
          break
        case 'add':
          frame.x = sum(frame.x, n)
          break
        case 'return':
        case 'break':
        case 'continue':
          return new Leaving(kind, frame.x)
        case 'throw':
          throw this.#failures.make(n)
        case 'rethrow':
          throw frame.error
        case 'call':
          frame.x = this.#call(statement, sum(frame.x, n))
          this.#log.push(`${n} gave ${this.#failures.label(frame.x)}`)
          break
        case 'fail':
          this.#perform(kind, this.#failures.make(n))
          break
        case 'try':
        case 'loop': {
          const leaving =
            kind === 'try'
              ? this.#model.delegate(() => this.#attempt(statement, frame, false))
              : this.#loop(statement, frame)
          if (leaving instanceof Leaving) return leaving
          break
        }
        default:
          frame.x = this.#perform(kind, sum(frame.x, n))
      }
    }
    return undefined
  }

  #loop({ n, body }: Statement, frame: Frame): unknown {
    for (let i = 0; i < n; i++) {
      const leaving = this.#block(body, frame)
      if (!(leaving instanceof Leaving) || leaving.kind === 'continue') continue
      if (leaving.kind === 'break') break
      return leaving
    }
    return undefined
  }

  #perform(kind: Kind, value: unknown): unknown {
    const model = this.#model
    model.yield()
    if (kind === 'sleep') {
      model.sleep()
      return undefined
    }
    if (kind === 'child') return this.#join(value)
    if (kind === 'end') {
      model.between('ready')
      return model.return(value)
    }
    model.answer()
    if (kind === 'fail') throw value
    return kind === 'give' ? value : undefined
  }

  /** Spawns a task and joins it, which takes two steps and does not notice a kill of this one. */
  #join(value: unknown): unknown {
    const model = this.#model
    model.answer()
    model.yield()
    model.between('parked')
    model.between('parked')
    model.answer()
    return value
  }

  #call(statement: Statement, x: unknown): unknown {
    const model = this.#model
    const run = () => this.#coroutine(statement, x)
    if (statement.how === DELEGATE) return model.delegate(run)
    model.yield()
    if (statement.how >= FIRST_BRANCH) return model.branch(run)
    model.answer()
    let value: unknown
    try {
      value = run()
    } catch (error) {
      model.answer()
      throw error
    }
    if (model.forced) model.return(value)
    model.answer()
    return value
  }
}
