// What a monitor sees of a scheduler beside its snapshot.
import { type Coroutine, sleep } from '@bluelet/scheduler'
import { awaitedBy, coroutinesOf, inspectTask, runtimeOf, tasksOf } from '@bluelet/scheduler/lowlevel'
import { expect, it } from 'vitest'
import { manualScheduler, stepAll } from '../world.js'

function* inner(): Coroutine<void> {
  yield* sleep(10)
}

it('a task is seen with its wait and its coroutines, until it has ended', () => {
  const scheduler = manualScheduler({ sites: false })
  const callee = inner()
  const outer = (function* outer() {
    yield callee
  })()
  const task = scheduler.spawn(outer)
  stepAll(scheduler)

  expect([...tasksOf(runtimeOf(scheduler))]).toEqual([task])
  expect(inspectTask(task)).toEqual(scheduler.snapshot()[0])
  expect(awaitedBy(task)).toBe('sleep(10)')
  expect(coroutinesOf(task)).toEqual([outer, callee])

  runtimeOf(scheduler).cancel(task)
  stepAll(scheduler)
  expect([...tasksOf(runtimeOf(scheduler))]).toEqual([])
  expect(awaitedBy(task)).toBe(undefined)
  expect(coroutinesOf(task)).toEqual([])
})
