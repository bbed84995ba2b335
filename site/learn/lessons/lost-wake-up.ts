import { Channel, type Coroutine, pause, run, spawn } from '@bluelet/scheduler'

// A bell without memory: it wakes the task that waits for it at that moment.
const bell = new Channel<string>({ capacity: 0 })
let cooked = false

function* cook(): Coroutine<void> {
  cooked = true
  bell.trySend('ding')
}

function* waiter(): Coroutine<void> {
  if (!cooked) {
    yield* pause() // Ties the apron.
    yield* bell.receive()
  }
  console.log('the soup is served')
}

await run(function* restaurant() {
  const serving = yield* spawn(waiter)
  yield* spawn(cook)
  yield* serving
})
