import { Channel, type Coroutine, type Event, pause, run, sleep, spawn, type Task } from '@bluelet/scheduler'

const channel = new Channel<Uint8Array>()

export function* yields(): Coroutine<void> {
  // error: Type 'number' is not assignable to type 'Yieldable'
  yield 42
  // error: Type 'string' is not assignable to type 'Yieldable'
  yield 'text'
  // error: is not assignable to type 'Yieldable'
  yield null
  // error: is not assignable to type 'Yieldable'
  yield
  // error: is not assignable to type 'Yieldable'
  yield pause
  // error: is not assignable to type 'Yieldable'
  yield channel.receive
  // error: is not assignable to type 'Yieldable'
  yield yields
  // error: is not assignable to type 'Yieldable'
  yield [sleep(1), sleep(2)]
  // error: is not assignable to type 'Yieldable'
  yield {}
  // error: is not assignable to type 'Yieldable'
  yield channel
  // error: is not assignable to type 'Yieldable'
  yield (async function* () {})()
}

export function* delegates(promise: Promise<string>): Coroutine<void> {
  // error: Symbol.iterator
  yield* promise
  // error: is not assignable to type
  yield* [1, 2]
}

// error: is not assignable to
run(function* () {
  yield 42
})

// error: is not assignable to
run(function* () {
  yield channel.receive
})

export function* spawns(): Coroutine<void> {
  // error: is not assignable to
  yield spawn(function* () {
    yield 42
  })
}

export function* values(event: Event<string>): Coroutine {
  // error: Type 'string' is not assignable to type 'number'
  const byDelegation: number = yield* event
  // error: Type 'Uint8Array<ArrayBuffer>' is not assignable to type 'string'
  const data: string = yield* new Channel<Uint8Array<ArrayBuffer>>().receive()
  return [byDelegation, data]
}
