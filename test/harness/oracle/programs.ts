// Random programs: trees of coroutines as data, so that each can be run in several ways, made
// smaller, and printed.
import { type Schedule, seeded } from '@bluelet/scheduler/testing'

/** Statements in their order. */
export type Block = readonly Statement[]

/**
 * One statement. Every kind has the same fields, so that a walk through a program need not tell
 * them apart; what a kind has no use for is 0, empty or null.
 */
export interface Statement {
  readonly kind: Kind
  /** A number of its own: what it adds, gives, throws or repeats. */
  readonly n: number
  /** In which of several ways a coroutine is called or an event is yielded. */
  readonly how: number
  /** What a `try`, a loop, a coroutine or a task runs. */
  readonly body: Block
  /** The `catch` of a `try` or of a coroutine; null without one. */
  readonly caught: Block | null
  /** Its `finally`. */
  readonly last: Block | null
}

/** What a statement does; `call` runs a coroutine whose whole body is one `try`. */
export type Kind =
  | 'log'
  | 'add'
  | 'return'
  | 'throw'
  | 'rethrow'
  | 'break'
  | 'continue'
  | 'end'
  | 'try'
  | 'loop'
  | 'call'
  | 'pause'
  | 'give'
  | 'fail'
  | 'sleep'
  | 'child'

/** What programs are made of: a kind that is listed twice comes twice as often. */
export interface Vocabulary {
  readonly simple: readonly Kind[]
  /** Those that hold others. */
  readonly compound: readonly Kind[]
  /** Those after which nothing of their block runs. */
  readonly leaving: readonly Kind[]
  /** In how many ways a coroutine can be called. */
  readonly calls: number
}

/** Makes a program: the coroutine that it begins with. */
export function generate(seed: number, vocabulary: Vocabulary): Statement {
  return new Author(seed, vocabulary).coroutine()
}

/** What can be said only in a loop, or only in a `catch`. */
interface Place {
  readonly inLoop: boolean
  readonly inCatch: boolean
}

const OUTSIDE: Place = { inLoop: false, inCatch: false }

class Author {
  readonly #random: Schedule
  readonly #vocabulary: Vocabulary
  /** How many statements may still be written. */
  #left: number
  /** The longest block: with 2 programs become deep, with more they become wide. */
  readonly #longest: number

  constructor(seed: number, vocabulary: Vocabulary) {
    this.#random = seeded(seed)
    this.#vocabulary = vocabulary
    // Mostly small, so that many can be tried; one in sixteen is large.
    this.#left = this.#random.choose(16) === 0 ? 80 : 4 + this.#random.choose(20)
    this.#longest = 2 + this.#random.choose(4)
  }

  coroutine(): Statement {
    return this.#attempt('call', OUTSIDE)
  }

  #attempt(kind: Kind, place: Place): Statement {
    const random = this.#random
    const n = random.choose(8)
    const how = random.choose(this.#vocabulary.calls)
    const body = this.#block(place)
    const caught = random.choose(2) === 0 ? this.#block({ ...place, inCatch: true }) : null
    const last = random.choose(2) === 0 ? this.#block(place) : null
    return { kind, n, how, body, caught, last }
  }

  #block(place: Place): Block {
    const block: Statement[] = []
    for (let length = 1 + this.#random.choose(this.#longest); length > 0 && this.#left > 0; length--) {
      block.push(this.#statement(place, length === 1))
    }
    return block
  }

  /**
   * @param last whether it ends its block: only then it may leave it, since what follows would
   *   never run
   */
  #statement(place: Place, last: boolean): Statement {
    const random = this.#random
    const { simple, compound, leaving } = this.#vocabulary
    this.#left--
    if (this.#left > 0 && random.choose(2) === 0) {
      const kind = this.#pick(compound)
      if (kind === 'loop')
        return { ...plain(kind, 1 + random.choose(3)), body: this.#block({ ...place, inLoop: true }) }
      return this.#attempt(kind, kind === 'call' ? OUTSIDE : place)
    }
    const kind = this.#pick(last && random.choose(2) === 0 ? leaving : simple)
    return { ...plain(isAllowed(kind, place) ? kind : 'log', random.choose(8)), how: random.choose(2) }
  }

  #pick(kinds: readonly Kind[]): Kind {
    return kinds[this.#random.choose(kinds.length)] as Kind // An index below the length is filled.
  }
}

function isAllowed(kind: Kind, { inLoop, inCatch }: Place): boolean {
  if (kind === 'rethrow') return inCatch
  return inLoop || (kind !== 'break' && kind !== 'continue')
}

function plain(kind: Kind, n: number): Statement {
  return { kind, n, how: 0, body: [], caught: null, last: null }
}

/**
 * A program as text, in something like JavaScript: `x` is the coroutine's own number, `error` what
 * was caught last.
 */
export function textOf(program: Statement): string {
  return lines(program, '').join('\n')
}

function lines(statement: Statement, indent: string): string[] {
  const { kind, n, how, body, caught, last } = statement
  const inner = (block: Block) => block.flatMap((each) => lines(each, `${indent}  `))
  if (kind === 'loop') return [`${indent}for (${n} times) {`, ...inner(body), `${indent}}`]
  if (kind !== 'try' && kind !== 'call')
    return [`${indent}${kind}(${n}) // ${how === 0 ? 'yield' : 'yield*'}`]
  return [
    `${indent}${kind === 'call' ? `x = call[${how}](x + ${n}): ` : ''}try {`,
    ...inner(body),
    ...(caught === null ? [] : [`${indent}} catch {`, ...inner(caught)]),
    ...(last === null ? [] : [`${indent}} finally {`, ...inner(last)]),
    `${indent}}`,
  ]
}
