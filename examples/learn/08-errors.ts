// An error goes up the stack that the loop keeps: it is thrown at the yield of one caller after another. Run it:
//
//   node --import tsx examples/learn/08-errors.ts

interface Coroutine<T = any> extends Generator<Coroutine, T, any> {}
type Answer = { value?: unknown } | { error: unknown }

function trampoline(main: Coroutine): unknown {
  const stack = [main]
  let answer: Answer = {}
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    try {
      const result: IteratorResult<Coroutine> =
        'error' in answer ? top.throw(answer.error) : top.next(answer.value)
      if (result.done) stack.pop()
      else stack.push(result.value)
      answer = result.done ? { value: result.value } : {}
    } catch (error) {
      stack.pop()
      answer = { error }
    }
  }
  if ('error' in answer) throw answer.error
  return answer.value
}

function* divide(a: number, b: number): Coroutine<number> {
  if (b === 0) throw new RangeError(`cannot divide ${a} by 0`)
  return a / b
}

function* share(sweets: number, children: number): Coroutine<string> {
  try {
    const each: number = yield divide(sweets, children)
    return `${each} for each`
  } finally {
    console.log('the bag is closed')
  }
}

function* party(): Coroutine<void> {
  console.log(yield share(12, 4))
  try {
    console.log(yield share(12, 0))
  } catch (error) {
    console.log(`${error}`)
  }
}

trampoline(party())
