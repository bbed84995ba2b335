// Event, Task and Coroutine are covariant in the type of their value.
import type { Coroutine, Event, Outcome, Task, Yieldable, Yielded } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { event } from '@bluelet/scheduler/lowlevel'
import { assertType, type Same } from './support.js'

export function widens(
  ofEvent: Event<'a'>,
  ofTask: Task<'a'>,
  ofCoroutine: Coroutine<'a'>,
): readonly unknown[] {
  const event: Event<string> = ofEvent
  const anyEvent: Event = ofEvent
  const task: Task<string> = ofTask
  const anyTask: Task = ofTask
  const coroutine: Coroutine<string> = ofCoroutine
  const anyCoroutine: Coroutine = ofCoroutine
  const promise: Promise<string> = ofEvent
  const yieldables: Yieldable[] = [ofEvent, ofTask, ofCoroutine, promise]
  return [event, anyEvent, task, anyTask, coroutine, anyCoroutine, promise, yieldables]
}

assertType<Same<Yielded<Event<string>>, string>>()
assertType<Same<Yielded<Coroutine<string>>, string>>()
assertType<Same<Yielded<Task<string>>, string>>()
assertType<Same<Yielded<Promise<string>>, string>>()
assertType<Same<Yielded<Event<never>>, never>>()
assertType<Same<Yielded<Event<string> | Task<number>>, string | number>>()
assertType<Same<Yielded<Event<Promise<string>>>, Promise<string>>>()

export function outcomeOf(task: Task<number>): number | undefined {
  const outcome: Outcome<number> | undefined = task.outcome
  return outcome?.kind === 'returned' ? outcome.value : undefined
}

// A user-defined event.
const NOW: EventHandler<undefined, void, number> = {
  name: 'now',
  enter: (waiter: Waiter<number>) => waiter.resume(waiter.scheduler.now()),
  withdraw() {},
}
export const now = (): Event<number> => event(NOW, undefined)
