import {
  all,
  Channel,
  type Coroutine,
  call,
  callback,
  group,
  join,
  kill,
  pause,
  race,
  run,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
  type Task,
  timeout,
  wait,
} from '@bluelet/scheduler'

async function asynchronous(): Promise<void> {}
async function* asynchronousGenerator(): AsyncGenerator<number> {}
function plain(): number {
  return 1
}
function* takesName(name: string): Coroutine<string> {
  yield pause()
  return name
}

export const runs = [
  // error: is not assignable to
  run(asynchronous),
  // error: is not assignable to
  run(async () => {}),
  // error: is not assignable to
  run(asynchronous()),
  // error: is not assignable to
  run(asynchronousGenerator),
  // error: is not assignable to
  run(plain),
  // error: is not assignable to
  run(5),
  // error: is not assignable to
  run(pause()),
  // error: is not assignable to
  run(takesName),
  // error: is not assignable to
  new Scheduler().run(asynchronous),
  // error: 'AbortController' is missing the following properties from type 'AbortSignalLike'
  run(takesName('a'), { signal: new AbortController() }),
  // error: Type 'string' is not assignable to type 'number'
  run(takesName('a'), { grace: '1' }),
  // error: has no properties in common with type 'Budget'
  run(takesName('a'), { budget: 1 }),
  // error: 'budgetSteps' does not exist
  run(takesName('a'), { budgetSteps: 1 }),
]

export const spawns = [
  // error: is not assignable to
  spawn(asynchronous),
  // error: is not assignable to
  spawn(async () => {}),
  // error: is not assignable to
  spawn(plain),
  // error: is not assignable to
  spawn(5),
  // error: is not assignable to
  spawn(pause()),
  // error: is not assignable to parameter of type 'Coroutine<unknown>'
  spawn(takesName),
  // error: is not assignable to parameter of type 'string'
  spawn(takesName, 1),
  // error: Expected 2 arguments, but got 3
  spawn(takesName, 'a', 'b'),
  // error: Type 'number' is not assignable to type 'string'
  spawn.with({ name: 5 }, takesName, 'a'),
  // error: has no properties in common with type 'SpawnOptions'
  spawn.with('name', takesName, 'a'),
]

export function others(task: Task<string>): readonly unknown[] {
  return [
    // error: Argument of type 'string' is not assignable to parameter of type 'number'
    sleep('1'),
    // error: Expected 1 arguments, but got 0
    sleep(),
    // error: Argument of type 'number' is not assignable to parameter of type
    join(5),
    // error: is not assignable to parameter of type
    join(takesName),
    // error: is not assignable to parameter of type
    join(pause()),
    // error: is not assignable to parameter of type
    join(spawn(takesName, 'a')),
    // error: Argument of type 'number' is not assignable to parameter of type
    kill(5),
    // error: Type 'string' is not assignable to type 'number'
    kill(task, { grace: '1' }),
    // error: has no properties in common with type 'KillOptions'
    kill(task, 5),
    // error: Argument of type 'string' is not assignable to parameter of type 'number'
    timeout('1', pause()),
    // error: is not assignable to parameter of type
    timeout(1, pause),
    // error: Expected 2 arguments, but got 1
    timeout(1),
    // error: is not assignable to parameter of type
    timeout(pause(), 1),
    // error: is missing the following properties from type 'readonly Yieldable[]'
    all(pause(), pause()),
    // error: is not assignable to type 'Yieldable'
    all([1]),
    // error: 'Set<Event<void>>' is
    all(new Set([pause()])),
    // error: Expected 1 arguments, but got 2
    race(pause(), pause()),
    // error: is not assignable to type 'Yieldable'
    race([pause]),
    // error: is not assignable to parameter of type
    wait(5),
    // error: is not assignable to parameter of type
    wait(asynchronous),
    // error: is not assignable to
    group(asynchronous),
    // error: is not assignable to
    group(takesName('a')),
    // error: is not assignable to
    group(takesName),
    // error: is not assignable to parameter of type
    callback(5),
    // error: is not assignable to
    call(asynchronous),
    // error: is not assignable to parameter of type 'number'
    new Semaphore('1'),
    // error: Type 'string' is not assignable to type 'number'
    new Channel({ capacity: '1' }),
    // error: Argument of type 'string' is not assignable to parameter of type 'number'
    new Channel<number>().send('text'),
    // error: Argument of type 'string' is not assignable to parameter of type 'number'
    callback<number>((resume) => resume('text')),
  ]
}
