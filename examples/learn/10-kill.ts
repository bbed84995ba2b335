// Killing a task withdraws its event and throws at its yield. Run it:
//
//   node --import tsx examples/learn/10-kill.ts

/** Arranges for wake to be called; returns a function that withdraws this, if that is possible. */
type Event = (wake: Wake) => (() => void) | undefined
type Wake = (answer?: Answer) => undefined
type Answer = { value?: unknown } | { error: unknown }
type Coroutine = Generator<Event, any, any>

function start(main: Coroutine): { wake: Wake } {
  let withdraw: ReturnType<Event>
  queueMicrotask(wake)
  return { wake }

  function wake(answer: Answer = {}): undefined {
    withdraw?.()
    setImmediate(() => step(answer))
  }

  function step(answer: Answer) {
    const { done, value } = 'error' in answer ? main.throw(answer.error) : main.next(answer.value)
    if (!done) withdraw = value(wake)
  }
}

function sleep(ms: number): Event {
  return (wake) => {
    const timer = setTimeout(wake, ms)
    return () => clearTimeout(timer)
  }
}

const kill = (victim: { wake: Wake }) => (wake: Wake) => {
  victim.wake({ error: new Error('the alarm clock') })
  return wake()
}

function* sleeper(): Coroutine {
  try {
    console.log('good night')
    yield sleep(8 * 3_600_000)
    console.log('good morning')
  } catch (error) {
    console.log(`woken: ${error}`)
  } finally {
    console.log('makes the bed')
  }
}

function* alarm(): Coroutine {
  const victim = start(sleeper())
  yield sleep(50)
  yield kill(victim)
}

start(alarm())
