// A coroutine calls another one by yielding it. The return value comes back, and so does an error, through any number of
// callers. `spawn`, in contrast, starts a new task and continues at once.
//
// Run it with `node --import tsx examples/delegation.ts`.

import { pause, run, spawn } from '@bluelet/scheduler'

function* child() {
  console.log('child: started')
  yield pause()
  console.log('child: resumed, and returns 42')
  return 42
}

function* parent() {
  console.log('parent: calls the child')
  const result: number = yield child()
  console.log(`parent: the child has returned ${result}`)
  return result + 1
}

function* failing() {
  yield pause()
  throw new Error('something is wrong')
}

function* between() {
  try {
    yield failing()
    console.log('between: never comes here')
  } finally {
    console.log('between: cleans up')
  }
}

function* catching() {
  try {
    yield between()
  } catch (error) {
    console.log(`catching: ${error}`)
  }
}

function* sibling() {
  console.log('sibling: runs by itself')
  yield pause()
  console.log('sibling: ends by itself')
}

await run(function* grandparent() {
  yield spawn(sibling)
  const result: number = yield parent()
  console.log(`grandparent: the parent has returned ${result}`)
  yield catching()
})
