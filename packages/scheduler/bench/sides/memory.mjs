// `node --expose-gc memory.mjs` parks 100,000 tasks on one latch and prints the number of bytes for
// each.

import { Latch, pause, run, spawn } from '@bluelet/scheduler'

const TASKS = 100_000

function* waiter(latch) {
  yield latch.wait()
}

await run(function* () {
  const latch = new Latch()
  const before = heap()
  for (let i = 0; i < TASKS; i++) yield spawn(waiter(latch))
  yield pause()
  console.log((heap() - before) / TASKS)
  latch.open()
})

function heap() {
  gc()
  gc()
  return process.memoryUsage().heapUsed
}
