// A pool of worker threads as a coroutine: a part of examples/factors.ts, which says how to run it:
//
//   node --import tsx examples/factors.ts

import { type Coroutine, Semaphore, wait } from '@bluelet/scheduler'
import { Piscina } from 'piscina'

const THREADS = Number(process.env.THREADS ?? 2)

export const pool = new Piscina<bigint, bigint>({
  filename: new URL('worker.js', import.meta.url).href,
  name: 'smallestFactor',
  execArgv: [], // Plain JavaScript needs no loader.
  minThreads: THREADS,
  maxThreads: THREADS,
})
pool.on('error', console.error) // Of a thread that fails between calls: it would end the process.

const places = new Semaphore(THREADS)

/** Computes the smallest prime factor in a thread. A kill and a timeout end the thread. */
export function* smallestFactor(number: bigint): Coroutine<bigint> {
  yield* places.acquire() // A full pool makes callers wait here.
  const controller = new AbortController()
  try {
    return yield* wait(pool.run(number, { signal: controller.signal }))
  } finally {
    controller.abort() // Has no effect if the thread has answered.
    places.release()
  }
}
