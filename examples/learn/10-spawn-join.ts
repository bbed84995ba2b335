// A task can start another one and wait for its outcome: its return value, or the error that ended it. Run it:
//
//   node --import tsx examples/learn/10-spawn-join.ts

type Event = (wake: Wake) => void
type Wake = (answer?: Answer) => void
type Answer = { value?: unknown } | { error: unknown }
type Coroutine = Generator<Event, any, any>
type Task = { outcome?: Answer; joiners: Set<Wake> }

function start(main: Coroutine): Task {
  const task: Task = { joiners: new Set() }
  queueMicrotask(wake) // Not at once: its spawner goes on first.
  return task

  function wake(answer: Answer = {}) {
    setImmediate(() => step(answer))
  }

  function step(answer: Answer) {
    try {
      const { done, value } = 'error' in answer ? main.throw(answer.error) : main.next(answer.value)
      if (!done) return value(wake)
      task.outcome = { value }
    } catch (error) {
      task.outcome = { error }
    }
    for (const joiner of task.joiners) joiner(task.outcome)
  }
}

const pause = (): Event => (wake) => wake()
const spawn = (main: Coroutine) => (wake: Wake) => wake({ value: start(main) })
const join = (task: Task) => (wake: Wake) => {
  if (task.outcome !== undefined) wake(task.outcome)
  else task.joiners.add(wake)
}

function* dig(name: string, days: number): Coroutine {
  for (let day = 1; day <= days; day++) {
    console.log(`${name} digs, day ${day}`)
    yield pause()
  }
  if (name === 'Bob') throw new Error('Bob has hit a rock')
  return `${name} is through`
}

function* boss(): Coroutine {
  const ann: Task = yield spawn(dig('Ann', 2))
  const bob: Task = yield spawn(dig('Bob', 3))
  console.log('both have been sent out')
  console.log(yield join(ann))
  try {
    yield join(bob)
  } catch (error) {
    console.log(`${error}`)
  }
}

start(boss())
