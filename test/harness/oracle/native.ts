// The reference: runs a program by the engine's own recursion, with neither scheduler nor task. A
// coroutine that calls another delegates to it with `yield*`, whatever way of calling the program
// asks for.
import { Interpreter, type Part, type Side, type Trace } from './interpreter.js'
import type { Statement } from './programs.js'
import { DELEGATE } from './trampoline.js'

/** What `end(value)` yields. */
class End {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

const NATIVE: Side = {
  call: (how, make, x) => (how === DELEGATE ? make(x) : calling(make(x))),
  *perform(kind, _how, value) {
    if (kind === 'end') return yield new End(value)
    yield
    if (kind === 'fail') throw value
    return kind === 'give' ? value : undefined
  },
}

/** Runs a program to its end. */
export function runNatively(program: Statement): Trace {
  const interpreter = new Interpreter(NATIVE)
  const { log } = interpreter
  const main = ending(interpreter.coroutine(program, 0))
  try {
    let result = main.next()
    while (!result.done) result = main.next()
    return { log, end: `returned ${interpreter.label(result.value)}` }
  } catch (error) {
    return { log, end: `threw ${interpreter.label(error)}` }
  }
}

/**
 * A call is a yield, here too: a `finally` that yields is left in another way than one that does
 * not.
 */
function* calling(coroutine: Part): Part {
  yield
  return yield* ending(coroutine)
}

/**
 * `end` ends the coroutine that the trampoline runs, which is not always the one in which it
 * stands.
 */
function* ending(coroutine: Part): Part {
  let result = coroutine.next()
  while (!result.done) {
    const { value } = result
    if (value instanceof End) result = coroutine.return(value.value)
    else result = coroutine.next(yield)
  }
  return result.value
}
