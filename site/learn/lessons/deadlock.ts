import { type Coroutine, join, pause, run, Semaphore, spawn } from '@bluelet/scheduler'

const knife = new Semaphore(1)
const board = new Semaphore(1)

function* cut(what: string, first: Semaphore, second: Semaphore): Coroutine<void> {
  yield* first.acquire()
  yield* pause() // Reaches across the table.
  yield* second.acquire()
  console.log(`${what}: cut`)
  second.release()
  first.release()
}

await run(function* kitchen() {
  const bread = yield* spawn(cut, 'bread', knife, board)
  const onion = yield* spawn(cut, 'onion', board, knife)
  yield* join(bread)
  yield* join(onion)
})
