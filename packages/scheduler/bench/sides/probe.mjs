// One sample: `node probe.mjs <module>` steps 1,000 tasks of that build and prints the nanoseconds
// per step.

const { pause, run, spawn } = await import(process.argv[2])

const TASKS = 1000
const STEPS = 1000

function* worker(steps) {
  for (let i = 0; i < steps; i++) yield pause()
}

function* main(steps) {
  for (let i = 0; i < TASKS; i++) yield spawn(worker, steps)
}

await run(main(STEPS / 10))
const began = performance.now()
await run(main(STEPS))
console.log(((performance.now() - began) / TASKS / STEPS) * 1e6)
