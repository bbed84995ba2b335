import { all, type Coroutine, pause, run } from '@bluelet/scheduler'

let balance = 100

function* pay(amount: number): Coroutine<void> {
  const before = balance
  if (amount > 40) yield* pause() // The bank checks large amounts.
  balance = before + amount
}

await run(function* bank() {
  yield* all([pay(30), pay(50)])
  console.log(`the balance is ${balance}`)
  if (balance !== 180) throw new Error(`the balance is ${balance}, not 180`)
})
