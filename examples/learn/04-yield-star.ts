// A yield* runs another generator in place of this one, and evaluates to what it returns. Run it:
//
//   node --import tsx examples/learn/04-yield-star.ts

function* ask(question: string) {
  const answer: string = yield question
  return answer.trim()
}

function* form() {
  const name: string = yield* ask('Your name?')
  const town: string = yield* ask('Your town?')
  return `${name} of ${town}`
}

const filling = form()
console.log(filling.next())
console.log(filling.next('  Ann '))
console.log(filling.next(' Oslo'))

/** Delegates to itself, `depth` times. */
function* dig(depth: number): Generator {
  if (depth > 0) yield* dig(depth - 1)
  yield 'the bottom'
}

console.log(dig(100).next().value)
try {
  dig(100_000).next()
} catch (error) {
  console.log(`${error}`)
}
