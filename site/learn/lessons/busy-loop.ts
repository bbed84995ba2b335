import { type Coroutine, pause, run, sleep, spawn } from '@bluelet/scheduler'

let open = false

function* owner(): Coroutine<void> {
  yield* sleep(1000)
  open = true
  console.log('the shop is open')
}

function* customer(): Coroutine<void> {
  while (!open) yield* pause()
  console.log('the customer buys bread')
}

await run(function* street() {
  yield* spawn(owner)
  yield* spawn(customer)
})
