// One sample: `node parked.mjs <n>` steps 100 tasks while n others are parked, and prints the
// nanoseconds per step.

import { Latch, pause, run, spawn } from '@bluelet/scheduler'

const PARKED = Number(process.argv[2])
const TASKS = 100
const STEPS = 10_000

function* waiter(latch) {
  yield latch.wait()
}

function* worker() {
  for (let i = 0; i < STEPS; i++) yield pause()
}

await run(function* () {
  const latch = new Latch()
  for (let i = 0; i < PARKED; i++) yield spawn(waiter, latch)
  yield pause()
  for (const measured of [false, true]) {
    const tasks = []
    for (let i = 0; i < TASKS; i++) tasks.push(yield spawn(worker))
    const began = performance.now()
    for (const task of tasks) yield task
    if (measured) console.log(((performance.now() - began) / TASKS / STEPS) * 1e6)
  }
  latch.open()
})
