// The small program of the comparison, with async functions. Run it: node --import tsx examples/rosetta/async.ts

import { setTimeout as sleep } from 'node:timers/promises'

async function work(name: string, ms: number, signal?: AbortSignal): Promise<string> {
  try {
    await sleep(ms, undefined, { signal })
    return `${name} is done`
  } finally {
    console.log(`${name} cleans up`)
  }
}

const both = await Promise.all([work('a', 10), work('b', 60)])
console.log(both.join(', '))
const limit = AbortSignal.timeout(20)
try {
  await work('slow', 60_000, limit)
} catch (error) {
  if (!limit.aborted) throw error
  console.log('too slow')
}
