// A task yields a request; the scheduler decides when the task goes on, and with which value. Run it:
//
//   node --import tsx examples/learn/06-requests.ts

/** Arranges for wake to be called, now or later, with the value of the yield. */
type Event = (wake: Wake) => void
type Wake = (value?: unknown) => void
type Coroutine = Generator<Event, void, any>

const ready: (() => void)[] = []
let steps = 0

function start(coroutine: Coroutine) {
  wake()

  function wake(value?: unknown) {
    ready.push(() => step(value))
  }

  function step(answer: unknown) {
    steps++
    const { done, value } = coroutine.next(answer)
    if (!done) value(wake)
  }
}

function loop() {
  for (let step = ready.shift(); step !== undefined; step = ready.shift()) step()
}

const listening: Wake[] = []
const pause = (): Event => (wake) => wake()
const stepsSoFar = (): Event => (wake) => wake(steps)
const bell = (): Event => (wake) => listening.push(wake)

function* listener(name: string): Coroutine {
  yield bell()
  const n: number = yield stepsSoFar()
  console.log(`${name} has heard the bell, and asked in step ${n}`)
}

function* ringer(): Coroutine {
  for (const word of ['three', 'two', 'one']) {
    console.log(word)
    yield pause()
  }
  for (const wake of listening) wake()
}

start(listener('Ann'))
start(listener('Bob'))
start(ringer())
loop()
