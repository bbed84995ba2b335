// A scheduler in sixty lines. A program that uses it: node --import tsx examples/learn/11-kitchen.ts

export type Event = (wake: Wake) => (() => void) | undefined
export type Wake = (answer?: Answer) => undefined
export type Answer = { value?: any } | { error: unknown }
export interface Coroutine<T = any> extends Generator<Event | Coroutine, T, any> {}
export type Task = { readonly wake: Wake; readonly joiners: Set<Wake>; outcome?: Answer }

function start(main: Coroutine, ...joiners: Wake[]): Task {
  const task: Task = { wake, joiners: new Set(joiners) }
  const stack = [main]
  let withdraw: ReturnType<Event>
  queueMicrotask(wake) // Not at once: its spawner goes on first.
  return task
  function wake(answer: Answer = {}): undefined {
    withdraw?.()
    setImmediate(step, answer)
  }

  function step(answer: Answer): undefined {
    withdraw?.()
    const top = stack.pop()
    if (top === undefined) return
    try {
      const { done, value } = 'error' in answer ? top.throw(answer.error) : top.next(answer.value)
      if (done) return leave({ value })
      stack.push(top)
      if (typeof value !== 'function') stack.push(value)
      withdraw = typeof value === 'function' ? value(wake) : wake()
    } catch (error) {
      leave({ error })
    }
  }

  function leave(answer: Answer): undefined {
    if (stack.length > 0) return wake(answer)
    task.outcome = answer
    if ('error' in answer && task.joiners.size === 0) throw answer.error
    for (const joiner of task.joiners) joiner(answer)
  }
}

export const spawn = (main: Coroutine) => (wake: Wake) => wake({ value: start(main) })
export const join = (task: Task) => (wake: Wake) => {
  if (task.outcome !== undefined) return wake(task.outcome)
  task.joiners.add(wake)
  return () => task.joiners.delete(wake)
}
export const kill = (task: Task) => (wake: Wake) => {
  task.wake({ error: new Error('killed') })
  return join(task)(() => wake())
}
export const sleep = (ms: number) => (wake: Wake) => {
  const timer = setTimeout(wake, ms)
  return () => clearTimeout(timer)
}
export const run = <T>(main: Coroutine<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    start(main, (a = {}): undefined => void ('error' in a ? reject(a.error) : resolve(a.value)))
  })
