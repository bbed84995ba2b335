// A sleeping task is only in the timer queue; when no task is ready, the clock jumps to the first timer. Run it:
//
//   node --import tsx examples/learn/09-sleep.ts

type Event = (wake: () => void) => void
type Coroutine = Generator<Event, void, any>

const ready: (() => void)[] = []
const timers: { readonly due: number; readonly wake: () => void }[] = []
let now = 0

function start(coroutine: Coroutine) {
  const wake = () => ready.push(step)
  wake()

  function step() {
    const { done, value } = coroutine.next()
    if (!done) value(wake)
  }
}

function sleep(ms: number): Event {
  return (wake) => {
    timers.push({ due: now + ms, wake })
    timers.sort((a, b) => a.due - b.due)
  }
}

function loop() {
  while (true) {
    for (let step = ready.shift(); step !== undefined; step = ready.shift()) step()
    const timer = timers.shift()
    if (timer === undefined) return
    now = timer.due
    timer.wake()
  }
}

function* cook(what: string, minutes: number): Coroutine {
  yield sleep(minutes * 60_000)
  console.log(`${now / 60_000} minutes: ${what}`)
}

function* clock(): Coroutine {
  for (let i = 0; i < 3; i++) {
    yield sleep(20 * 60_000)
    console.log(`${now / 60_000} minutes: tick`)
  }
}

start(cook('the soup', 60))
start(clock())
start(cook('the egg', 6))
start(cook('the tea', 6))
loop()
