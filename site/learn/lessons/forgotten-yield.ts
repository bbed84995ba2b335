import { type Coroutine, join, run, sleep, spawn } from '@bluelet/scheduler'

function* boil(what: string, ms: number): Coroutine<void> {
  console.log(`${what}: on the stove`)
  sleep(ms)
  console.log(`${what}: done`)
}

await run(function* breakfast() {
  const egg = yield* spawn(boil, 'egg', 6000)
  const tea = yield* spawn(boil, 'tea', 3000)
  yield* join(egg)
  yield* join(tea)
})
