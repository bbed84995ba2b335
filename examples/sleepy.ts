// Four tasks that sleep at the same time, in one thread: together they take as long as the longest. The first task ends long
// before; the run ends with the last one.
//
// Run it with `node --import tsx examples/sleepy.ts`. SECOND=100 makes a second last 100 milliseconds.

import { run, sleep, spawn } from '@bluelet/scheduler'

const second = Number(process.env.SECOND ?? 1000)

function* sleeper(seconds: number) {
  console.log(`Going to sleep for ${seconds} seconds ...`)
  yield sleep(seconds * second)
  console.log(`... woke up after ${seconds} seconds.`)
}

await run(function* sleepy() {
  for (const seconds of [0, 1, 3, 5]) yield spawn(sleeper, seconds)
})
