// The small program of the comparison, with this library. Run it: node --import tsx examples/rosetta/bluelet.ts

import { all, type Coroutine, run, sleep, TimeoutError, timeout } from '@bluelet/scheduler'

function* work(name: string, ms: number): Coroutine<string> {
  try {
    yield* sleep(ms)
    return `${name} is done`
  } finally {
    console.log(`${name} cleans up`)
  }
}

await run(function* main() {
  const both = yield* all([work('a', 10), work('b', 60)])
  console.log(both.join(', '))
  try {
    yield* timeout(20, work('slow', 60_000))
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    console.log('too slow')
  }
})
