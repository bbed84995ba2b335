// `yield` is typed by annotation and `yield*` by inference, on the same event object.
import {
  aborted,
  all,
  allSettled,
  Channel,
  type Coroutine,
  call,
  callback,
  type Event,
  end,
  group,
  join,
  kill,
  Latch,
  null as nothing,
  now,
  pause,
  run,
  Semaphore,
  shield,
  sleep,
  spawn,
  type Task,
  wait,
} from '@bluelet/scheduler'
import { assertType, type Same } from './support.js'

const channel = new Channel<Uint8Array>()

export function* annotated(): Coroutine<number> {
  const data: Uint8Array = yield channel.receive()
  const nothingCame: undefined = yield pause()
  const task: Task<number> = yield spawn(annotated)
  const joined: number = yield join(task)
  const called: number = yield annotated()
  const promised: string = yield Promise.resolve('text')
  yield task
  yield sleep(1)
  void [nothingCame, joined, called, promised]
  return data.length
}

export function* inferred() {
  const event = channel.receive()
  const byDelegation = yield* event
  const byAnnotation: Uint8Array = yield event
  assertType<Same<typeof byDelegation, Uint8Array>>()

  const task = yield* spawn(annotated)
  assertType<Same<typeof task, Task<number>>>()
  const joined = yield* join(task)
  assertType<Same<typeof joined, number>>()
  const joinedDirectly = yield* task
  assertType<Same<typeof joinedDirectly, number>>()
  const reason = yield* aborted(AbortSignal.abort())
  assertType<Same<typeof reason, unknown>>()
  const called = yield* call(annotated)
  assertType<Same<typeof called, number>>()
  const calledDirectly = yield* annotated()
  assertType<Same<typeof calledDirectly, number>>()
  const waited = yield* wait(Promise.resolve('text'))
  assertType<Same<typeof waited, string>>()
  const fromCallback = yield* callback<boolean>((resume) => resume(true))
  assertType<Same<typeof fromCallback, boolean>>()
  const slept = yield* sleep(1)
  assertType<Same<typeof slept, void>>()
  const killed = yield* kill(task)
  assertType<Same<typeof killed, void>>()
  const passed = yield* nothing()
  assertType<Same<typeof passed, void>>()
  const sent = yield* channel.send(new Uint8Array())
  assertType<Same<typeof sent, void>>()
  const acquired = yield* new Semaphore().acquire()
  assertType<Same<typeof acquired, void>>()
  const opened = yield* new Latch().wait()
  assertType<Same<typeof opened, void>>()
  return byAnnotation
}

// A plain function* without annotations is a coroutine of the type that it returns.
export const plain: Coroutine<Uint8Array> = inferred()
export const ran: Promise<Uint8Array> = run(inferred)

export function* ends(value: number | undefined): Coroutine<number> {
  if (value === undefined) return yield* end(0)
  return value
}

// `end()` is an event of type never, so the compiler knows that nothing after it runs.
export const never: Event<never> = end()

export function* union(either: Event<string> | Event<number>): Coroutine<string | number> {
  const byAnnotation: string | number = yield either
  const byDelegation = yield* either
  assertType<Same<typeof byDelegation, string | number>>()
  return byAnnotation ?? byDelegation
}

export function* unionOfKinds(
  any: Event<string> | Coroutine<string> | Task<string> | Promise<string>,
): Coroutine<string> {
  const text: string = yield any
  return text
}

/** A generic helper for `yield*`. */
export function* first<T>(channels: readonly Channel<T>[]): Coroutine<T | undefined> {
  for (const channel of channels) return yield* channel.receive()
  return undefined
}

export function* usesHelper() {
  const value = yield* first([new Channel<'a'>()])
  assertType<Same<typeof value, 'a' | undefined>>()
}

export function* combines() {
  const results = yield* allSettled([channel.receive(), Promise.resolve('text')])
  assertType<Same<typeof results, [PromiseSettledResult<Uint8Array>, PromiseSettledResult<string>]>>()
  const limited = yield* all([channel.receive(), sleep(1)], { limit: 1 })
  assertType<Same<typeof limited, [Uint8Array, void]>>()
  const shielded = yield* shield(annotated)
  assertType<Same<typeof shielded, number>>()
  const given = yield* group(
    function* (g) {
      yield* g.spawn(annotated)
      return now()
    },
    { limit: 2 },
  )
  assertType<Same<typeof given, number>>()
  yield* new Latch({ external: true }).wait()
  yield* new Semaphore(1, { external: true }).acquire()
}

/** A coroutine that returns nothing needs neither a return statement nor a type argument. */
export function* returnsNothing(): Coroutine {
  yield sleep(1)
}

// `await` in async code.
export async function asynchronous(): Promise<void> {
  const data = await channel.receive()
  assertType<Same<typeof data, Uint8Array>>()
  const task = await spawn(annotated)
  assertType<Same<typeof task, Task<number>>>()
  const [text, nap] = await Promise.all([wait(Promise.resolve('text')), sleep(1)])
  assertType<Same<typeof text, string>>()
  assertType<Same<typeof nap, void>>()
  const length: number = await channel.receive().then((data) => data.length)
  void length
}
