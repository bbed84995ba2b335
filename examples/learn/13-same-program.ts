// The breakfast of 11-kitchen.ts on @bluelet/scheduler: only the import has changed. Run it:
//
//   node --import tsx examples/learn/13-same-program.ts

import { type Coroutine, join, kill, run, sleep, spawn, type Task } from '@bluelet/scheduler'

function* boil(what: string, ms: number): Coroutine<string> {
  console.log(`${what}: on the stove`)
  yield sleep(ms)
  if (what === 'milk') throw new Error('the milk has boiled over')
  return `${what}: done`
}

function* listen(): Coroutine {
  try {
    while (true) {
      console.log('radio: the news')
      yield sleep(3_600_000)
    }
  } finally {
    console.log('radio: off')
  }
}

function* breakfast(): Coroutine<string> {
  const radio: Task = yield spawn(listen())
  const egg: Task = yield spawn(boil('egg', 60))
  const tea: Task = yield spawn(boil('tea', 30))
  console.log('everything has been started')
  console.log(yield join(tea))
  try {
    yield boil('milk', 10)
  } catch (error) {
    console.log(`${error}`)
  }
  console.log(yield join(egg))
  yield kill(radio)
  return 'breakfast is ready'
}

console.log(await run(breakfast()))
