// One sample: `node steps.mjs <side> <steps>` runs 1,000 tasks that yield in turn, again and again,
// and prints the nanoseconds per step: the median of five runs.
//
// Each sample is a process of its own, so no variant pays for the object shapes that the engine has
// seen from another.

const TASKS = 1000

const sides = {
  /**
   * The minimum for a scheduler: the same generators in a queue, stepped in turn until each is
   * done.
   */
  bare: async (steps) => {
    const { pause } = await import('@bluelet/scheduler')
    function* worker() {
      for (let i = 0; i < steps; i++) yield pause()
    }
    let ready = Array.from({ length: TASKS }, worker)
    while (ready.length > 0) {
      const next = []
      for (const generator of ready) if (!generator.next().done) next.push(generator)
      ready = next
    }
  },
  /** Even less: no queue, nothing yielded, nothing checked. */
  'bare, no queue': async (steps) => {
    function* worker() {
      for (let i = 0; i < steps; i++) yield
    }
    const generators = Array.from({ length: TASKS }, worker)
    for (let i = 0; i <= steps; i++) for (const generator of generators) generator.next()
  },
  await: async (steps) => {
    async function worker() {
      for (let i = 0; i < steps; i++) await undefined
    }
    await Promise.all(Array.from({ length: TASKS }, worker))
  },
  yield: async (steps) => {
    const { pause, run, spawn } = await import('@bluelet/scheduler')
    function* worker() {
      for (let i = 0; i < steps; i++) yield pause()
    }
    await run(function* () {
      for (let i = 0; i < TASKS; i++) yield spawn(worker)
    })
  },
  'yield*': async (steps) => {
    const { pause, run, spawn } = await import('@bluelet/scheduler')
    function* worker() {
      for (let i = 0; i < steps; i++) yield* pause()
    }
    await run(function* () {
      for (let i = 0; i < TASKS; i++) yield* spawn(worker)
    })
  },
  effection: async (steps) => {
    const { call, run, spawn } = await import('effection')
    function* worker() {
      for (let i = 0; i < steps; i++) yield* call(() => undefined)
    }
    await run(function* () {
      const tasks = []
      for (let i = 0; i < TASKS; i++) tasks.push(yield* spawn(worker))
      for (const task of tasks) yield* task
    })
  },
  effect: async (steps) => {
    const { Effect, Fiber } = await import('effect')
    const worker = Effect.gen(function* () {
      for (let i = 0; i < steps; i++) yield* Effect.yieldNow
    })
    await Effect.runPromise(
      Effect.gen(function* () {
        const fibers = []
        for (let i = 0; i < TASKS; i++) fibers.push(yield* Effect.forkChild(worker))
        for (const fiber of fibers) yield* Fiber.join(fiber)
      }),
    )
  },
  co: async (steps) => {
    const { default: co } = await import('co')
    function* worker() {
      for (let i = 0; i < steps; i++) yield Promise.resolve()
    }
    await Promise.all(Array.from({ length: TASKS }, () => co(worker)))
  },
}

const [name, steps] = [process.argv[2], Number(process.argv[3])]
const side = sides[name]
const times = []
// The engine compiles during the first runs.
for (let run = -2; run < 5; run++) {
  const began = performance.now()
  await side(steps)
  if (run >= 0) times.push(performance.now() - began)
}
times.sort((a, b) => a - b)
console.log((times[2] / TASKS / steps) * 1e6)
