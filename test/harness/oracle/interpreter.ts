// Runs a program as generators. What it leaves open is how a coroutine is called and how an event
// is yielded: that is what the two sides of the oracle do differently. `try`, `catch` and `finally`
// are the engine's own on both.
import { Failures, type Frame, Leaving, leave, sum } from './frame.js'
import type { Block, Kind, Statement } from './programs.js'

/** A coroutine, or a part of one, whatever it yields. */
export type Part<T = unknown> = Generator<any, T, any>

/** The two things that are done differently. */
export interface Side {
  /** Runs a coroutine with its argument and gives what it returns, or throws what it throws. */
  call(how: number, make: (x: number) => Part, x: number): Part
  /** Yields an event of this kind. */
  perform(kind: Kind, how: number, value: unknown): Part
}

/** What a program did. */
export interface Trace {
  readonly log: readonly string[]
  /** How it ended: `returned 5`, `threw e2`. */
  readonly end: string
}

/** One run of one program. */
export class Interpreter {
  readonly log: string[]
  readonly #side: Side
  readonly #failures: Failures

  constructor(side: Side) {
    this.log = []
    this.#side = side
    this.#failures = new Failures()
  }

  /** A coroutine of the program. */
  coroutine(statement: Statement, x: unknown): Part {
    return this.#attempt(statement, { x, error: undefined }, true)
  }

  /** A value or an error as the log has it. */
  label(value: unknown): string {
    return this.#failures.label(value)
  }

  *#attempt({ body, caught, last }: Statement, frame: Frame, whole: boolean): Part {
    try {
      return leave(yield* this.#block(body, frame), frame, whole)
    } catch (error) {
      if (caught === null) throw error
      frame.error = error
      this.log.push(`catch ${this.label(error)}`)
      return leave(yield* this.#block(caught, frame), frame, whole)
    } finally {
      if (last !== null) {
        this.log.push(`finally ${this.label(frame.x)}`)
        const leaving = yield* this.#block(last, frame)
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        if (leaving instanceof Leaving) return leave(leaving, frame, whole)
      }
    }
  }

  *#block(block: Block, frame: Frame): Part {
    for (const statement of block) {
      const { kind, n, how } = statement
      switch (kind) {
        case 'log':
          this.log.push(`${n}: ${this.label(frame.x)}`)
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
          frame.x = yield* this.#side.call(how, (x) => this.coroutine(statement, x), sum(frame.x, n))
          this.log.push(`${n} gave ${this.label(frame.x)}`)
          break
        case 'fail':
          yield* this.#side.perform(kind, how, this.#failures.make(n))
          break
        case 'try':
        case 'loop': {
          const leaving = yield* kind === 'try'
            ? this.#attempt(statement, frame, false)
            : this.#loop(statement, frame)
          // Otherwise it came to its end, or was ended with a value that is not used.
          if (leaving instanceof Leaving) return leaving
          break
        }
        default:
          frame.x = yield* this.#side.perform(kind, how, sum(frame.x, n))
      }
    }
    return undefined
  }

  *#loop({ n, body }: Statement, frame: Frame): Part {
    for (let i = 0; i < n; i++) {
      const leaving = yield* this.#block(body, frame)
      if (!(leaving instanceof Leaving) || leaving.kind === 'continue') continue
      if (leaving.kind === 'break') break
      return leaving
    }
    return undefined
  }
}
