// The small program of the comparison, with Effection 4. Run it: node --import tsx examples/rosetta/effection.ts

import { all, type Operation, race, run, sleep } from 'effection'

function* work(name: string, ms: number): Operation<string> {
  try {
    yield* sleep(ms)
    return `${name} is done`
  } finally {
    console.log(`${name} cleans up`)
  }
}

function* limit(ms: number): Operation<undefined> {
  yield* sleep(ms)
  return undefined
}

await run(function* main() {
  const both = yield* all([work('a', 10), work('b', 60)])
  console.log(both.join(', '))
  const result = yield* race([work('slow', 60_000), limit(20)])
  if (result === undefined) console.log('too slow')
})
