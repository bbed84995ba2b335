// Inline handlers and named generator functions, passed to every function that accepts a coroutine.
import {
  all,
  Channel,
  type Coroutine,
  call,
  type Event,
  type Group,
  group,
  join,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { assertType, type Same } from './support.js'

const channel = new Channel<Uint8Array>()

export const inline: Promise<number> = run(function* () {
  const data: Uint8Array = yield channel.receive()
  return data.length
})

function* named() {
  const data: Uint8Array = yield channel.receive()
  const again = yield* channel.receive()
  return data.length + again.length
}

function* withArguments(name: string, count: number) {
  const data: Uint8Array = yield channel.receive()
  return `${name} ${count} ${data.length}`
}

function* generic<T>(value: T) {
  yield sleep(1)
  return value
}

class Server {
  *handle(name: string): Coroutine<string> {
    yield sleep(1)
    return name
  }
}

export function* main() {
  const anonymous = yield* spawn(function* () {
    const data: Uint8Array = yield channel.receive()
    return data.length
  })
  assertType<Same<typeof anonymous, Task<number>>>()
  const withNumber = yield* spawn(function* (count: number) {
    const data: Uint8Array = yield channel.receive()
    return data.length + count
  }, 1)
  assertType<Same<typeof withNumber, Task<number>>>()
  const ofFunction = yield* spawn(named)
  assertType<Same<typeof ofFunction, Task<number>>>()
  const ofCoroutine = yield* spawn(named())
  assertType<Same<typeof ofCoroutine, Task<number>>>()
  const given = yield* spawn(withArguments, 'name', 1)
  assertType<Same<typeof given, Task<string>>>()
  const ofGeneric = yield* spawn(generic, 1)
  assertType<Same<typeof ofGeneric, Task<number>>>()
  const options = yield* spawn.with({ name: 'worker' }, withArguments, 'name', 1)
  assertType<Same<typeof options, Task<string>>>()
  const server = new Server()
  const ofMethod = yield* spawn(server.handle('name'))
  assertType<Same<typeof ofMethod, Task<string>>>()

  const called = yield* call(withArguments, 'name', 1)
  assertType<Same<typeof called, string>>()
  const joinedGenerator = yield* join(named())
  assertType<Same<typeof joinedGenerator, number>>()

  const grouped = yield* group(function* (g) {
    assertType<Same<typeof g, Group>>()
    const data: Uint8Array = yield channel.receive()
    const task = yield* g.spawn(withArguments, 'name', 1)
    const text = yield* join(task)
    return [data.length, text] as const
  })
  assertType<Same<typeof grouped, readonly [number, string]>>()
  const groupedByName = yield* group(named)
  assertType<Same<typeof groupedByName, number>>()

  return grouped
}

export function* combinations() {
  const raced = yield* race([channel.receive(), sleep(1)])
  assertType<Same<typeof raced, Uint8Array | void>>()
  const racedKinds = yield* race([named(), Promise.resolve('text'), sleep(1)])
  assertType<Same<typeof racedKinds, number | string | void>>()

  const both = yield* all([channel.receive(), named(), Promise.resolve('text')])
  assertType<Same<typeof both, [Uint8Array, number, string]>>()
  const task = yield* spawn(named)
  const [joined, slept] = yield* all([task, sleep(1)])
  assertType<Same<typeof joined, number>>()
  assertType<Same<typeof slept, void>>()
  const tasks: Task<number>[] = [task]
  const many = yield* all(tasks)
  assertType<Same<typeof many, number[]>>()
  const readonlyTasks: readonly Task<number>[] = tasks
  const manyReadonly: readonly number[] = yield* all(readonlyTasks)
  const none = yield* all([])
  assertType<Same<typeof none, []>>()
  const anyOf = yield* race(tasks)
  assertType<Same<typeof anyOf, number>>()
  const nested = yield* all([race([task, Promise.resolve('text')]), all([sleep(1), task])])
  assertType<Same<typeof nested, [number | string, [void, number]]>>()

  const limited = yield* timeout(10, channel.receive())
  assertType<Same<typeof limited, Uint8Array>>()
  const limitedCoroutine = yield* timeout(10, named())
  assertType<Same<typeof limitedCoroutine, number>>()
  const limitedPromise = yield* timeout(10, Promise.resolve('text'))
  assertType<Same<typeof limitedPromise, string>>()
  const limitedTask = yield* timeout(10, task)
  assertType<Same<typeof limitedTask, number>>()
  void manyReadonly
}

export const options: Promise<number> = run(named, {
  host: new VirtualHost(),
  signal: new AbortController().signal,
  grace: 100,
  budget: { steps: 10, time: 1 },
  sites: true,
})
export const scheduled: Promise<number> = new Scheduler().run(named())
export const outside: Task<string> = new Scheduler().spawn(withArguments, 'name', 1)

/** A handler that a library accepts, as `server` does. */
export type Handler = (name: string) => Coroutine
export const handlers: readonly Handler[] = [
  function* (name) {
    const data: Uint8Array = yield channel.receive()
    assertType<Same<typeof name, string>>()
    void data
  },
  function* () {},
  (name) => withArguments(name, 1),
]

export function* spawnsHandler(handler: Handler): Coroutine<void> {
  const task = yield* spawn(handler, 'name')
  assertType<Same<typeof task, Task<any>>>()
}

export const unionOfEvents: readonly Event<string | Uint8Array>[] = [channel.receive(), generic2()]
function generic2(): Event<string> {
  return new Channel<string>().receive()
}
