// A call without the engine's stack: the caller yields the callee, and the loop keeps the stack. Run it:
//
//   node --import tsx examples/learn/07-trampoline.ts

interface Coroutine<T = any> extends Generator<Coroutine, T, any> {}

function trampoline(main: Coroutine): unknown {
  const stack = [main]
  let answer: unknown
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { done, value }: IteratorResult<Coroutine> = top.next(answer)
    if (done) stack.pop()
    else stack.push(value)
    answer = done ? value : undefined
  }
  return answer
}

function* sum(n: number): Coroutine<number> {
  if (n === 0) return 0
  const rest: number = yield sum(n - 1)
  return n + rest
}

console.log(trampoline(sum(3)))
console.log(trampoline(sum(200_000)))
