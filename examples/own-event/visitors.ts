// Visitors at a turnstile, in virtual time. Run it: node --import tsx examples/own-event/visitors.ts

import { type Coroutine, run, spawn, TimeoutError, timeout } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { Turnstile } from './turnstile.js'

const host = new VirtualHost()
const turnstile = new Turnstile(100)

function* visit(name: string, patience: number): Coroutine<void> {
  try {
    yield* timeout(patience, turnstile.pass())
    console.log(`${host.now()} ms: ${name} passes`)
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    console.log(`${host.now()} ms: ${name} leaves, since ${error.message}`)
  }
}

await run(
  function* main() {
    yield* spawn(visit, 'Ann', 1000)
    yield* spawn(visit, 'Bob', 1000)
    yield* spawn(visit, 'Cyd', 150)
    yield* spawn(visit, 'Dan', 1000)
  },
  { host },
)
