import { type Coroutine, Latch, run, sleep, spawn } from '@bluelet/scheduler'

const open = new Latch()

function* owner(): Coroutine<void> {
  yield* sleep(1000)
  open.open()
  console.log('the shop is open')
}

function* customer(): Coroutine<void> {
  yield* open.wait()
  console.log('the customer buys bread')
}

await run(function* street() {
  yield* spawn(owner)
  yield* spawn(customer)
})
