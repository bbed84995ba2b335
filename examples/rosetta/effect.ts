// The small program of the comparison, with Effect 4. Run it: node --import tsx examples/rosetta/effect.ts

import * as Effect from 'effect/Effect'

const work = (name: string, ms: number) =>
  Effect.sleep(ms).pipe(
    Effect.as(`${name} is done`),
    Effect.ensuring(Effect.sync(() => console.log(`${name} cleans up`))),
  )

const main = Effect.gen(function* () {
  const both = yield* Effect.all([work('a', 10), work('b', 60)], { concurrency: 'unbounded' })
  console.log(both.join(', '))
  yield* work('slow', 60_000).pipe(
    Effect.timeout('20 millis'),
    Effect.catchTag('TimeoutError', () => Effect.sync(() => console.log('too slow'))),
  )
})

await Effect.runPromise(main)
