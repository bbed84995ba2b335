// What a monitor sees of a scheduler beside its snapshot.
import { all, type Coroutine, group, join, race, sleep, spawn, type Task } from '@bluelet/scheduler'
import {
  awaitedBy,
  coroutinesOf,
  event,
  inspectTask,
  runtimeOf,
  targetsOf,
  tasksOf,
} from '@bluelet/scheduler/lowlevel'
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

it('a task waits for tasks and for others, all of them or one', () => {
  const scheduler = manualScheduler({ sites: false })
  const channel = {}
  const receive = () => event({ name: 'receive', enter() {}, withdraw() {}, on: () => [channel] }, undefined)
  const tasks: Task[] = []
  const waits = (coroutine: () => Coroutine<unknown>) => tasks.push(scheduler.spawn(coroutine))
  waits(inner)
  waits(function* () {
    yield* all([join(tasks[0]!), receive()])
  })
  waits(function* () {
    yield* race([join(tasks[0]!), receive()])
  })
  waits(function* () {
    yield* group(function* () {
      yield* spawn(inner)
    })
  })
  stepAll(scheduler)

  const [first, both, either, members] = tasks.map((task) => targetsOf(task))

  expect(first).toEqual({ tasks: new Set(), others: new Set(), all: true })
  expect(both).toEqual({ tasks: new Set([tasks[0]]), others: new Set([channel]), all: true })
  expect(either).toEqual({ tasks: new Set([tasks[0]]), others: new Set([channel]), all: false })
  expect([...members!.tasks].map((task) => task.name)).toContain('inner')
  for (const task of tasks) runtimeOf(scheduler).cancel(task)
  stepAll(scheduler)
})
