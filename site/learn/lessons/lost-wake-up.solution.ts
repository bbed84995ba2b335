import { Channel, type Coroutine, pause, run, spawn } from '@bluelet/scheduler'

// A bell without memory: it wakes the task that waits for it at that moment.
const bell = new Channel<string>({ capacity: 0 })
let cooked = false

function* cook(): Coroutine<void> {
  cooked = true
  bell.trySend('ding')
}

function* waiter(): Coroutine<void> {
  yield* pause() // Ties the apron.
  if (!cooked) {
    yield* bell.receive() // Nothing can happen between the question and this line.
  }
  console.log('the soup is served')
}

await run(function* restaurant() {
  const serving = yield* spawn(waiter)
  yield* spawn(cook)
  yield* serving
})
